// Provides what a child writes to a standard stream.
internal import CLinuxShims
import LinuxSystem

/// A file in memory that a child writes to and that can be read at any time. Unlike a pipe it is never full, and a
/// grandchild that keeps it open holds nobody up.
final class CapturedStream: Sendable {
  private let file: OwnedFileDescriptor

  init(name: String) throws {
    file = OwnedFileDescriptor(owning: try retryingInterrupts { linux_memfd_create(name, 1 /* MFD_CLOEXEC */) })
  }

  /// A stream for standard input: `content`, then the end.
  convenience init(name: String, content: [UInt8]) throws {
    try self.init(name: name)
    try file.writeAll(content, at: 0)
  }

  var descriptor: Int32 { file.rawValue }

  /// Everything written so far.
  func bytes() -> [UInt8] {
    guard let size = try? file.status().size, size > 0 else { return [] }
    var content = [UInt8](repeating: 0, count: Int(size))
    let count = content.withUnsafeMutableBytes { buffer in (try? file.read(into: buffer, at: 0)) ?? 0 }
    return Array(content.prefix(count))
  }
}
