// Provides a real server that is compatible with Sentry.
import Foundation
import LinuxSystem
import SentryNativeTesting

/// Bugsink on 127.0.0.1, installed by Scripts/peers. Tasks run inside the request: when a request is answered, its
/// issue is in the database.
///
/// End it in every test by `defer { server.end() }`.
final class BugsinkServer {
  /// An event as Tests/CompatibilityReaders/read_bugsink.py tells it.
  struct Event: Decodable, Sendable {
    let eventId: String
    /// Events of one issue have the same.
    let issue: String
    let level: String
    let platform: String
    let title: String
    let value: String
    let release: String
    let environment: String
    /// Of the exception, innermost first: function names, or addresses where there is no name.
    let frames: [String?]
    let threads: Int
    /// The values of all exceptions.
    let exceptions: [String]
    /// The messages, or the categories where there is none.
    let breadcrumbs: [String?]
    let images: [String?]
    let extra: [String: String]
    let tags: [String: String]
  }

  /// Where an SDK sends.
  let dsn: String
  private let folder: TemporaryDirectory
  private let process: RunningProcess

  /// Starts a server with an empty project and waits until it answers.
  init() throws {
    let script = Peers.package.appending("Scripts/peers.d/bugsink")
    folder = try TemporaryDirectory(prefix: "bugsink")
    process = try RunningProcess(script, ["serve", folder.appending("server").description])
    do {
      try process.waitForOutput(containing: "DSN=")
      let line = process.output.split(separator: "\n").first { $0.hasPrefix("DSN=") }
      dsn = String((line ?? "").dropFirst(4))
    } catch {
      process.end()
      folder.remove()
      throw error
    }
  }

  /// Where a crash handler sends.
  var minidumpURL: String {
    let (key, host, project) = parts
    return "http://\(host)/api/\(project)/minidump/?sentry_key=\(key)"
  }

  /// Where envelopes go.
  var envelopeURL: String {
    let (_, host, project) = parts
    return "http://\(host)/api/\(project)/envelope/"
  }

  /// The page of an issue as a browser without a window has it, and the size of its picture in bytes.
  func browse(issue: String) throws -> (document: String, pictureBytes: Int64) {
    _ = try Peers.chromium()
    let picture = folder.appending("page.png")
    let result = try RunningProcess.run(
      Peers.python(),
      [
        Peers.reader("browse_bugsink.py").description, "http://\(parts.host)", issue, picture.description,
      ], timeout: .seconds(500))
    guard result.succeeded else { throw TestKitError(.malformed, "browse_bugsink.py: \(result.errorOutput)") }
    return (result.output, try FileSystem.status(picture).size)
  }

  /// The public key in the DSN.
  var publicKey: String { parts.key }

  private var parts: (key: String, host: String, project: String) {
    let pieces = dsn.dropFirst("http://".count).split(whereSeparator: { $0 == "@" || $0 == "/" }).map(String.init)
    return pieces.count == 3 ? (pieces[0], pieces[1], pieces[2]) : ("", "", "")
  }

  /// All events, the oldest first.
  func events() throws -> [Event] {
    let result = try RunningProcess.run(
      Peers.python(), [Peers.reader("read_bugsink.py").description, folder.appending("server").description])
    guard result.succeeded else { throw TestKitError(.malformed, "read_bugsink.py: \(result.errorOutput)") }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode([Event].self, from: Data(result.outputBytes))
  }

  /// Waits for so many events.
  func waitForEvents(count: Int, timeout: Duration = .patience) throws -> [Event] {
    try waitFor("\(count) events in Bugsink", timeout: timeout) {
      let events = try events()
      return events.count >= count ? events : nil
    }
  }

  /// The server's log, for messages.
  var log: String {
    let bytes = (try? FileSystem.read(folder.appending("server/gunicorn.log"))) ?? []
    return String(decoding: bytes, as: UTF8.self) + process.errorOutput
  }

  /// Ends the server and removes its database. Calling it again does nothing.
  func end() {
    process.end()
    folder.remove()
  }
}
