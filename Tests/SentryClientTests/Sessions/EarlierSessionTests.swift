import LinuxSystem
import SentryEnvelope
import StructuredValue
import Testing

@testable import SentryClient

@Suite struct `How an earlier run ended` {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private let time = EventTime(seconds: 5000)

  private func write(_ name: String, _ bytes: [UInt8]) throws {
    try FileSystem.write(bytes, to: folder.path.appending(name))
  }

  private func session(_ status: String = "ok") throws {
    let text =
      #"{"init":true,"sid":"0123abcd-0000-4000-8000-0123456789ab","status":"\#(status)","errors":2,"#
      + #""started":"1970-01-01T01:00:00Z","duration":0,"attrs":{"release":"r"}}"#
    try write("session.json", Array(text.utf8))
  }

  private var remains: RunRemains { EarlierSession.remains(folder.path) }

  @Test func `its own report means a crash`() throws {
    try session()
    let ending = EarlierSession(folder.path, crashTime: time).ending
    #expect(ending == .crashed(time))
    let ended = try #require(remains.session(ending: ending))
    #expect(ended.status == .crashed && ended.errors == 3 && ended.duration == 1400 && ended.isInitial)
  }

  @Test func `without one it was killed, and lived until a file was last written`() throws {
    try session()
    var other = try #require(RunProcess.current())
    other.startTime += 1
    try write("__sentry-process", other.json)
    guard case .abnormal(let last?) = EarlierSession(folder.path, crashTime: nil).ending else {
      Issue.record("not abnormal")
      return
    }
    let now = Timestamp.now()
    #expect(abs(now.seconds - last.seconds) < 60)
    let ended = try #require(remains.session(ending: .abnormal(lastSign: time)))
    #expect(ended.status == .abnormal && ended.errors == 2 && ended.duration == 1400)
    #expect(remains.session(ending: .abnormal(lastSign: nil))?.duration == 0)
  }

  @Test func `a run of another SDK keeps the duration that it has, whatever it calls a session that goes on`() throws {
    try session("started")
    let ending = EarlierSession(folder.path, crashTime: nil).ending
    #expect(ending == .abnormal(lastSign: nil))
    let ended = try #require(remains.session(ending: ending))
    #expect(ended.status == .abnormal && ended.duration == 0 && ended.errors == 2)
  }

  @Test func `an exit that was stored stays one, unless it crashed after all`() throws {
    try session("exited")
    #expect(remains.session(ending: .abnormal(lastSign: time))?.status == .exited)
    #expect(remains.session(ending: .crashed(time))?.status == .crashed)
  }

  @Test func `the same process as another program exited`() throws {
    let own = try #require(RunProcess.current())
    try write("__sentry-process", own.json)
    #expect(RunProcess(json: own.json) == own)
    guard case .exited = EarlierSession(folder.path, crashTime: nil).ending else {
      Issue.record("not exited")
      return
    }
    var other = own
    other.startTime += 1
    try write("__sentry-process", other.json)
    guard case .abnormal = EarlierSession(folder.path, crashTime: nil).ending else {
      Issue.record("not abnormal")
      return
    }
    #expect(RunProcess(json: Array("{}".utf8)) == nil)
    #expect(RunProcess.startTime(stat: Array("1 (a) b) S".utf8)) == nil)
  }

  @Test func `garbage is nothing`() throws {
    for name in ["session.json", "__sentry-event", "__sentry-transaction", "__sentry-logs", "__sentry-metrics"] {
      try write(name, (0..<4096).map { _ in UInt8.random(in: 0...255) })
    }
    #expect(remains.isEmpty && remains.crashEventID == nil)
    try FileSystem.createDirectory(folder.path.appending("sub"))
    #expect(RunRemains { _ in nil }.isEmpty)
  }
}
