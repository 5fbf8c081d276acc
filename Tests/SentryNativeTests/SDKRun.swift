// Provides runs of a program that uses the SDK.
import CrashDatabase
import LinuxSystem
import SentryNativeTesting
import Testing

/// A folder in which a program with the SDK runs, once or several times.
final class SDKRun {
  let directory: TemporaryDirectory
  var database: FilePath { directory.appending("database") }

  init() throws { directory = try TemporaryDirectory() }
  /// They end with the test and not before: a handler sends its report after its program is dead.
  private var processes: [RunningProcess] = []

  deinit {
    for process in processes { process.end() }
    directory.remove()
  }

  struct Result {
    let termination: ProcessTermination
    let output: String
    let errorOutput: String
  }

  /// Starts the program; `steps` are those of SDKFixture.
  func start(_ steps: [String], dsn: String = "", handler: String? = nil) throws -> RunningProcess {
    let products = try productsDirectory()
    let process = try RunningProcess(
      products.appending("SDKFixture"),
      [handler ?? products.appending("crashpad_handler").description, database.description, dsn] + steps,
      environment: ["SENTRY_DSN": nil, "SENTRY_DEBUG": nil, "SWIFT_BACKTRACE": "enable=no"],
      workingDirectory: directory.path)
    processes.append(process)
    return process
  }

  /// Runs the program to its end; its handler may live on.
  func run(_ steps: [String], dsn: String = "", handler: String? = nil) throws -> Result {
    let process = try start(steps, dsn: dsn, handler: handler)
    let end = try process.wait()
    return Result(termination: end, output: process.output, errorOutput: process.errorOutput)
  }

  /// Names in the database's folder that end so.
  func names(_ suffix: String) throws -> [String] {
    try FileSystem.entries(of: database).map { String(decoding: $0, as: UTF8.self) }.filter { $0.hasSuffix(suffix) }
  }
}
