// Provides the handlers that serve the tests' clients: ours, Chromium's and Sentry's.
import CrashProtocol
import LinuxSystem
import SentryNativeTesting
import Testing
import ZooRuns

/// A handler, and the dialects that it understands.
struct ServingHandler: CustomTestStringConvertible, Sendable {
  enum Origin: Hashable, Sendable { case ours, chromium, sentry }

  let origin: Origin
  private let ownPath: FilePath?

  /// One for each build of ours.
  static let ours = TestProducts.handlers.map { ServingHandler(origin: .ours, ownPath: $0) }
  static let chromium = ServingHandler(origin: .chromium, ownPath: nil)
  static let sentry = ServingHandler(origin: .sentry, ownPath: nil)
  static let all = ours + [chromium, sentry]

  var testDescription: String {
    switch origin {
    case .ours: "our handler \(ownPath ?? "")"
    case .chromium: "Chromium's handler"
    case .sentry: "Sentry's handler"
    }
  }

  /// - Throws: when it is not installed; Scripts/peers does that.
  func path() throws -> FilePath {
    switch origin {
    case .ours: ownPath ?? ""
    case .chromium: try Peers.chromiumHandler()
    case .sentry: try Peers.sentryHandler()
    }
  }

  var dialects: [Dialect] {
    switch origin {
    case .ours: [.sentry, .chromium]
    case .chromium: [.chromium]
    case .sentry: [.sentry]
    }
  }
}

/// The victim of the crash client's tests under a handler, and what is left of it.
final class VictimRun {
  let database: TemporaryDirectory
  let process: RunningProcess
  let termination: ProcessTermination

  /// Runs the victim to its end.
  ///
  /// - Parameter steps: as the victim knows them; they follow its start with `handler`.
  init(
    _ steps: [String], handler: ServingHandler, dialect: Dialect? = nil, before: [String] = [], start: String = "start"
  ) throws {
    database = try TemporaryDirectory(prefix: "victim")
    let dialect = dialect ?? handler.dialects[0]
    do {
      process = try RunningProcess(
        TestProducts.folder.appending("CrashVictim"),
        (dialect == .chromium ? ["chromium"] : [])
          + ["handler=\(try handler.path())", "database=\(database.path)"] + before + [start] + steps,
        environment: ["SWIFT_BACKTRACE": "enable=no"])
    } catch {
      database.remove()
      throw error
    }
    do { termination = try process.wait() } catch {
      process.end()
      database.remove()
      throw error
    }
  }

  /// The pending dumps.
  func dumps() -> [FilePath] {
    let folder = database.appending("pending")
    return ((try? FileSystem.entries(of: folder)) ?? []).map { folder.appending(bytes: $0) }.filter {
      $0.description.hasSuffix(".dmp")
    }
  }

  /// What stands behind `word ` in a line of the output.
  func said(_ word: String) -> String? {
    process.output.split(separator: "\n").first { $0.hasPrefix("\(word) ") }.map {
      String($0.dropFirst(word.count + 1))
    }
  }

  func waitForHandler() throws {
    try waitUntil("the handler of \(process.processID) ends") {
      process.livingFamily().isEmpty
    }
  }

  func end() {
    process.end()
    database.remove()
  }
}
