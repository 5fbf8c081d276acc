// Provides the size of a folder.
import LinuxSystem
import SentryNativeTesting

enum DiskUsage {
  /// Bytes that the files below `folder` occupy; 0 when there is no such folder.
  static func of(_ folder: FilePath) throws -> Int64 {
    // Files come and go meanwhile: du complains, and counts the rest.
    let words = try RunningProcess.run("/usr/bin/du", ["-sk", folder.description]).output.split(separator: "\t")
    return (words.first.flatMap { Int64($0) } ?? 0) << 10
  }
}
