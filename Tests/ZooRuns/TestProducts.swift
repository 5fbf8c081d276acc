// Provides the programs that the end-to-end tests run.
import CLinuxShims
import LinuxSystem
import SentryNativeTesting

/// Programs built beside the tests. `Scripts/test` names the handlers; `swift test` alone finds them by itself.
package enum TestProducts {
  /// The folder of the test bundle, which is that of every program of the same build.
  package static let folder: FilePath = ((try? FileSystem.executable()) ?? "").directory

  package static let zoo = folder.appending("CrashZoo")
  package static let walker = folder.appending("crashpad_walker")
  package static let crashctl = folder.appending("crashctl")

  /// Every build of the handler that is there: the ordinary one, and the Embedded one where it has been built.
  package static let handlers: [FilePath] = {
    if let named = EnvironmentVariable.value("SENTRY_TEST_HANDLERS"), !named.isEmpty {
      return named.bytes.split(separator: UInt8(ascii: ":")).map { FilePath(bytes: $0) }
    }
    let package = FilePath(#filePath).directory.directory.directory
    let embedded = package.appending(".build-embedded/release/crashpad_handler")
    return [folder.appending("crashpad_handler")] + (FileSystem.isExecutable(embedded) ? [embedded] : [])
  }()

  /// Those that can be told to fail at named places: a build for tests. A handler that ships has no such places.
  package static let handlersWithFaultPoints: [FilePath] = handlers.filter { handler in
    let name = Array("SENTRY_NATIVE_FAULT".utf8)
    guard let program = try? FileSystem.read(handler, limit: 1 << 30) else { return false }
    return program.withUnsafeBytes { bytes in
      bytes.baseAddress.map { memmem($0, bytes.count, name, name.count) != nil } ?? false
    }
  }
}
