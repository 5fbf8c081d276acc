// A program that sends envelopes and prints what became of them: `TransportFixture MODE DSN DATABASE`.
import CLinuxShims
import CrashClient
import CrashDatabase
import LinuxSystem
import SentryClient
import SentryEnvelope
import StructuredValue

@main
struct TransportFixture {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 4 else { exit(2) }
    let reports = ClientReports()
    var context = TransportContext(userAgent: "fixture/1", reports: reports, log: ClientLog(isEnabled: false))
    context.dsn = try DSN(arguments[2])
    context.databasePath = FilePath(arguments[3])
    context.proxy = ""
    let transport = HTTPEnvelopeTransport()
    switch arguments[1] {
    case "retry":
      // Something that cannot be sent and should be tried again.
      context.retries = true
      guard transport.start(context) else { exit(3) }
      transport.submit(envelope("event", "attachment"))
      let isDone = transport.flush(milliseconds: 60_000)
      tell(transport, reports, isDone)
    case "fork":
      guard transport.start(context) else { exit(3) }
      // The parent's first request hangs when the child is made, and one waits.
      transport.submit(envelope("event"))
      // Whoever has seen the request makes a file.
      while !FileSystem.exists(FilePath(arguments[3]).appending("go")) { pause(milliseconds: 5) }
      transport.submit(envelope("session"))
      reports.record(.beforeSend, .error, quantity: 7)
      let child = try ChildProcess.fork {
        transport.submit(envelope("feedback"))
        let isDone = transport.flush(milliseconds: 60_000)
        let counts = transport.statistics
        _ = transport.shutdown(milliseconds: 1000)
        return isDone && counts.sent == 1 && transport.takeUnsent().isEmpty && reports.discarded.isEmpty ? 0 : 1
      }
      print("child \(try child.wait() == .exited(status: 0))")
      fflush(nil)
      tell(transport, reports, transport.flush(milliseconds: 60_000))
    case "crash": try crash(arguments, isReal: true)
    case "dump": try crash(arguments, isReal: false)
    default: exit(2)
    }
    _ = transport.shutdown(milliseconds: 1000)
    print("unsent \(transport.takeUnsent().count)")
  }

  /// Dies with things left in its run directory: `session.json`, logs and an envelope. The handler is named by HANDLER,
  /// certificates by CERTIFICATES; with WAIT the crash lasts until the upload.
  private static func crash(_ arguments: [String], isReal: Bool) throws {
    let database = try CrashDatabase(path: FilePath(arguments[3]))
    try database.settings.setUploadsEnabled(true)
    let run = try RunDirectory(creatingIn: database.path)
    var session = Session(
      id: SentryID(bytes: UniqueID.random().bytes) ?? .empty,
      started: EventTime(seconds: Timestamp.now().seconds - 10), release: "fixture@1", environment: nil,
      distinctID: "somebody")
    session.countError()
    try FileSystem.write(StructuredValue.object(session.value).json, to: run.path.appending(RunFiles.session))
    let left = envelope("event", "attachment")
    try FileSystem.write(left.bytes, to: run.path.appending("left.envelope"))

    let dsn = try DSN(arguments[2])
    var delivery = DeliverySettings()
    delivery.runDirectory = run.path
    delivery.dsn = dsn.text
    delivery.userAgent = "fixture/1"
    delivery.certificateFile = EnvironmentVariable.value("CERTIFICATES")
    var configuration = HandlerConfiguration(databasePath: database.path)
    configuration.location = .path(EnvironmentVariable.value("HANDLER") ?? "")
    configuration.url = dsn.minidumpURL(userAgent: "fixture/1")
    configuration.httpProxy = "<empty>"
    configuration.extraArguments = [
      "--no-rate-limit", FilePath("--log-file=\(database.path.appending("log"))"), "--log-level=-1",
    ]
    configuration.environment = delivery.environment
    configuration.waitsForUpload = EnvironmentVariable.value("WAIT") != nil
    configuration.startTimeout = 30_000
    configuration.dumpTimeout = 60_000
    let client = try CrashClient.start(configuration, threadHook: false)
    print("run \(run.path)")
    fflush(nil)
    if isReal { abort() }
    try client.dumpWithoutCrash()
    client.stop()
    _ = consume run
  }

  private static func envelope(_ types: String...) -> Envelope {
    var headers = StructuredObject()
    headers["event_id"] = .string(UniqueID.random().description)
    return Envelope(headers: headers, items: types.map { EnvelopeItem(type: $0, payload: Array("{}".utf8)) })
  }

  private static func tell(_ transport: HTTPEnvelopeTransport, _ reports: ClientReports, _ isDone: Bool) {
    let counts = transport.statistics
    print("done \(isDone) sent \(counts.sent) retrying \(counts.retrying) failed \(counts.failed)")
    for (pair, quantity) in reports.discarded.sorted(by: { $0.key.category.rawValue < $1.key.category.rawValue }) {
      print("lost \(pair.reason) \(pair.category) \(quantity)")
    }
  }
}
