// Provides runs of a program with the SDK beside programs of others.
import CrashDatabase
import LinuxSystem
import SentryEnvelope
import SentryNativeTesting
import StructuredValue
import Testing
import ZooRuns

/// A folder in which SDKFixture runs.
final class SDKRuns {
  let directory: TemporaryDirectory
  var path: FilePath { directory.appending("database") }
  /// They end with the test: a handler works on after its program's death.
  private var processes: [RunningProcess] = []

  init() throws { directory = try TemporaryDirectory() }
  deinit {
    for process in processes { process.end() }
    directory.remove()
  }

  func database() throws -> CrashDatabase { try CrashDatabase(path: path, create: false) }

  /// Runs the program to its end.
  ///
  /// - Parameter handler: `nil`: ours.
  @discardableResult
  func run(_ steps: [String], dsn: String = "", handler: FilePath? = nil) throws -> RunningProcess {
    let products = try productsDirectory()
    let process = try RunningProcess(
      products.appending("SDKFixture"),
      [(handler ?? products.appending("crashpad_handler")).description, path.description, dsn] + steps,
      environment: ["SENTRY_DSN": nil, "SENTRY_DEBUG": nil, "SWIFT_BACKTRACE": "enable=no"],
      workingDirectory: directory.path)
    processes.append(process)
    _ = try process.wait(timeout: .seconds(120))
    return process
  }
}

extension LoopbackIngestServer {
  /// The payloads of all items of a type.
  func payloads(_ type: String) -> [StructuredValue] {
    requests.filter { $0.endpoint == .envelope && $0.isComplete }.compactMap { try? Envelope(bytes: $0.body) }
      .flatMap { $0.items }.filter { $0.type == type }.compactMap { try? StructuredValue(json: $0.payload) }
  }
}
