// Provides a folder for a client, which goes with the test.
import CrashClient
import LinuxSystem
import SentryClient
import Testing

final class TemporaryFolder {
  let path: FilePath

  init() throws {
    path = FileSystem.temporaryDirectory.appending("sentry-native-\(UniqueID.random())")
    try FileSystem.createDirectory(path)
  }

  deinit { try? FileSystem.removeTree(path) }

  var database: FilePath { path.appending("database") }

  /// A client whose handler does not exist: several of them can be in one process.
  func start(_ configure: (inout ClientOptions) -> Void = { _ in }) -> SentryClient {
    var options = ClientOptions()
    options.databasePath = database
    options.handler = .path("/nonexistent/crashpad_handler")
    configure(&options)
    return SentryClient(options: options)
  }
}
