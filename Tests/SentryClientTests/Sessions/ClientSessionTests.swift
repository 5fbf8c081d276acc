import LinuxSystem
import SentryEnvelope
import StructuredValue
import Testing

@testable import SentryClient

@Suite struct `Sessions of a client` {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func event(_ level: String) -> StructuredObject {
    var event = StructuredObject()
    event["level"] = .string(level)
    return event
  }

  @Test func `a run is a session: it goes with the first event, and ends with the client`() throws {
    let (client, transport) = try folder.collect()
    let run = try #require(client.health.runDirectory)
    #expect(FileSystem.exists(run.appending("session.json")) && FileSystem.exists(run.appending("__sentry-process")))
    #expect(transport.envelopes.isEmpty)
    client.capture(event("info"))
    client.capture(event("error"))
    client.close()
    let sessions = transport.payloads("session")
    #expect(sessions.map { $0["init"]?.bool ?? false } == [true, false, false])
    #expect(sessions.map { $0["status"]?.string } == ["ok", "ok", "exited"])
    #expect(sessions.map { $0["errors"]?.int64 } == [0, 1, 1])
    #expect(Set(sessions.map { $0["sid"] }).count == 1)
    #expect(sessions[2]["did"]?.string == client.installationID.description)
    #expect(transport.envelopes[0].items.map { $0.type } == ["event", "session"])
    #expect(
      transport.envelopes[2].items.map { $0.type } == ["session"] && transport.envelopes[2].headers.keys == ["dsn"])
  }

  @Test func `manual sessions follow each other`() throws {
    let (client, transport) = try folder.collect { $0.tracksSessions = false }
    client.capture(event("error"))
    client.startSession()
    client.startSession()
    client.endSession(status: .abnormal)
    client.endSession()
    client.close()
    let sessions = transport.payloads("session")
    #expect(sessions.map { $0["status"]?.string } == ["exited", "abnormal"])
    #expect(sessions.allSatisfy { $0["init"] == true && $0["errors"] == 0 })
    #expect(sessions[0]["sid"] != sessions[1]["sid"])
  }

  @Test func `without a release there is none, and none is attached`() throws {
    let (client, transport) = try folder.collect { $0.release = nil }
    client.capture(event("error"))
    client.close()
    #expect(transport.payloads("session").isEmpty && transport.payloads("event").count == 1)
  }

  @Test func `the session follows the user`() throws {
    let (client, transport) = try folder.collect()
    client.configureScope { $0.setUser(User(userId: "ann")) }
    client.capture(event("info"))
    client.configureScope { $0.setUser(nil) }
    client.close()
    #expect(transport.payloads("session").map { $0["did"]?.string } == ["ann", client.installationID.description])
  }

  @Test func `an event that is not sent does not tell the server of a session`() throws {
    let (client, transport) = try folder.collect {
      $0.hooks.beforeSend = { event, _ in event["level"] == "info" ? nil : event }
    }
    client.capture(event("info"))
    client.capture(event("error"))
    client.close()
    #expect(transport.payloads("session").map { $0["init"]?.bool ?? false } == [true, false])
  }
}
