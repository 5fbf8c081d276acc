// Provides a program that stands ready to crash, so that something can happen to its handler before.
import LinuxSystem
import SentryNativeTesting

/// A CrashZoo that waits, with its handler standing by.
package final class GatedRun {
  package let folder: TemporaryDirectory
  package let process: RunningProcess
  /// The handler's process.
  package let handler: Int32
  private let gate: FilePath

  /// - Parameters:
  ///   - restarts: whether the program starts another handler when this one ends.
  ///   - crashTimeout: how long the program waits for its dump, in seconds.
  ///   - environment: added to the program's, which its handler inherits.
  package init(
    flavor: String, thread: String = "main", handler: FilePath, dsn: String? = nil, restarts: Bool = false,
    crashTimeout: Int = 60, environment: [String: String?] = [:]
  ) throws {
    folder = try TemporaryDirectory(prefix: "gated")
    gate = folder.appending("gate")
    var arguments = ["--flavor", flavor, "--thread", thread, "--handler", handler.description]
    arguments += ["--database", folder.appending("database").description, "--gate", gate.description]
    if let dsn { arguments += ["--dsn", dsn] }
    if !restarts { arguments.append("--no-restart") }
    arguments += ["--crash-timeout", "\(crashTimeout)"]
    process = try RunningProcess(
      TestProducts.zoo, arguments, environment: ["SWIFT_BACKTRACE": "enable=no"].merging(environment) { $1 })
    let (gate, process) = (gate, process)
    do {
      // It is made when the handler stands by.
      try waitUntil("the program is ready") { FileSystem.exists(gate) }
      guard let handler = Self.handler(of: process) else {
        throw TestKitError(.missing, "there is no handler: \(process.errorOutput)")
      }
      self.handler = handler
    } catch {
      process.end()
      folder.remove()
      throw error
    }
  }

  /// The member of the family that none of the others has started: a handler that looks at its database is a process more.
  private static func handler(of process: RunningProcess) -> Int32? {
    let others = process.livingFamily().filter { $0 != process.processID }
    return others.first { member in ProcessTable.parent(of: member).map { !others.contains($0) } ?? false }
  }

  package var database: FilePath { folder.appending("database") }

  /// Lets the program crash, and waits for its end.
  package func crash(timeout: Duration = .patience) throws -> ProcessTermination {
    // The other end goes on as soon as this one is open.
    _ = try FileSystem.open(gate, [.write])
    return try process.wait(timeout: timeout)
  }

  /// Dumps that wait in the database.
  package var dumps: [FilePath] {
    let folder = database.appending("pending")
    return ((try? FileSystem.entries(of: folder)) ?? []).filter { $0.suffix(4).elementsEqual(".dmp".utf8) }
      .map { folder.appending(bytes: $0) }
  }

  package func end() {
    process.end()
    folder.remove()
  }
}
