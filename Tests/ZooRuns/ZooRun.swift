// Provides one death of CrashZoo under a handler, and what is left of it.
import LinuxSystem
import SentryNativeTesting

/// A program that crashed, its database, and the processes it left.
package final class ZooRun {
  package let database = try? TemporaryDirectory(prefix: "zoo")
  package let process: RunningProcess
  package let termination: ProcessTermination

  /// Runs CrashZoo to its end.
  ///
  /// - Parameters:
  ///   - environment: added to the test's own. Swift's backtracer is off unless asked for: it writes pages of text.
  package init(
    flavor: String, thread: String = "main", handler: FilePath, dsn: String? = nil,
    environment: [String: String?] = ["SWIFT_BACKTRACE": "enable=no"], timeout: Duration = .patience
  ) throws {
    guard let database else { throw TestKitError(.system, "no temporary directory") }
    var arguments = ["--flavor", flavor, "--thread", thread, "--handler", handler.description]
    arguments += ["--database", database.path.description]
    if let dsn { arguments += ["--dsn", dsn] }
    process = try RunningProcess(TestProducts.zoo, arguments, environment: environment)
    do {
      termination = try process.wait(timeout: timeout)
    } catch {
      process.end()
      throw error
    }
  }

  package func facts() throws -> CrashFacts { try CrashFacts(output: process.output) }

  /// All dumps in the database, of any state.
  package func dumps() -> [FilePath] { database.map { Self.files(below: $0.path, suffix: ".dmp") } ?? [] }

  /// Waits until the handler has ended, as it does when its last client is gone.
  package func waitForHandler() throws {
    try waitUntil("the handler of \(process.processID) ends") { process.livingFamily().isEmpty }
  }

  package func end() {
    process.end()
    database?.remove()
  }

  private static func files(below directory: FilePath, suffix: String) -> [FilePath] {
    ((try? FileSystem.entries(of: directory)) ?? []).flatMap { name -> [FilePath] in
      let path = directory.appending(bytes: name)
      if FileSystem.isDirectory(path) { return files(below: path, suffix: suffix) }
      return String(decoding: name, as: UTF8.self).hasSuffix(suffix) ? [path] : []
    }
  }
}
