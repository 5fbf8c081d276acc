// Provides a directory that goes away with its owner.
internal import CLinuxShims
import LinuxSystem

/// A fresh directory with mode 0700 under `$TMPDIR` or `/tmp`, removed with everything in it when the object goes
/// away or `remove()` is called.
///
/// Keep it alive to the end of the test by `defer { directory.remove() }`.
public final class TemporaryDirectory: Sendable {
  /// The absolute path, without links.
  public let path: FilePath

  /// Makes `PREFIX-UUID`.
  public init(prefix: String = "sentry-native-test") throws {
    path = try FileSystem.resolve(FileSystem.temporaryDirectory).appending("\(prefix)-\(UniqueID.random())")
    try FileSystem.createDirectory(path)
  }

  deinit { remove() }

  /// The path of an entry.
  public func appending(_ component: String) -> FilePath { path.appending(component) }

  /// Removes the directory now. Calling it again does nothing.
  public func remove() {
    // What a process that ends just now removes or makes meanwhile fails the first time.
    for _ in 0..<100 {
      try? FileSystem.removeTree(path)
      if !FileSystem.exists(path) { return }
      usleep(10_000)
    }
  }
}
