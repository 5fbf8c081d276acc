// Provides memory that Chromium's browser shares with its handler.
internal import CLinuxShims
public import LinuxSystem
internal import MinidumpFormat

/// Memory that a client shares with its handler, `--user-stream-region=FD,SIZE`: every dump takes along what it holds.
///
/// The client may write at any time, and whoever crashed may have written anything: every number is checked, and a
/// content that changes while it is read is read again.
/// Source: what Chromium 156 and its handler do; docs/formats/handler-protocol.md.
public struct UserStreamRegion: Hashable, Sendable {
  /// A descriptor that the handler inherits: a memfd.
  public let descriptor: Int32
  /// Bytes that count.
  public let size: Int64

  /// The bytes `USTR`.
  private static let magic: UInt32 = 0x5254_5355
  private static let headerSize: Int64 = 16
  private static let blockHeaderSize: Int64 = 8
  private static let attempts = 10
  /// Bytes of a content that a dump takes along at most.
  private static let limit: Int64 = 16 << 20

  /// From `FD,SIZE` in decimal; `nil` when the text is something else.
  public init?(text: FilePath) {
    let parts = text.bytes.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    guard parts.count == 2, let descriptor = Int32(String(decoding: parts[0], as: UTF8.self)),
      let size = Int64(String(decoding: parts[1], as: UTF8.self)), descriptor >= 0, size >= 0
    else { return nil }
    self.descriptor = descriptor
    self.size = size
  }

  /// Keeps the descriptor from programs that the handler starts.
  func closeOnExec() { _ = linux_fcntl(descriptor, F_SETFD, Int(FD_CLOEXEC)) }

  /// What the region holds now; `nil` when that is nothing, or nothing that makes sense.
  func stream() -> MinidumpUserStream? {
    guard let header = words(4, at: 0), header[0] == Self.magic, header[1] == 1 else { return nil }
    let offset = Int64(header[3])
    // 0: nothing has been written yet.
    guard offset >= Self.headerSize, offset % 4 == 0 else { return nil }
    for _ in 0..<Self.attempts {
      guard let block = words(2, at: offset) else { return nil }
      // Odd while the client writes.
      if block[0] & 1 == 0 {
        let size = Int64(block[1])
        let content = size <= Self.limit ? bytes(size, at: offset + Self.blockHeaderSize) : nil
        if words(1, at: offset) == [block[0]] {
          guard let content, !content.isEmpty else { return nil }
          return MinidumpUserStream(type: MinidumpStreamType(rawValue: header[2]), bytes: content)
        }
      }
      _ = sched_yield()
    }
    return nil
  }

  private func words(_ count: Int64, at offset: Int64) -> [UInt32]? {
    guard let bytes = bytes(count * 4, at: offset) else { return nil }
    return bytes.withUnsafeBytes { buffer in
      (0..<Int(count)).map { UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)) }
    }
  }

  /// All of `count` bytes, or `nil`. Both numbers are below 2^33.
  private func bytes(_ count: Int64, at offset: Int64) -> [UInt8]? {
    if offset + count > size { return nil }
    let file = OwnedFileDescriptor(owning: descriptor)
    let bytes = try? file.read(upTo: Int(count), at: offset)
    _ = file.release()
    return bytes?.count == Int(count) ? bytes : nil
  }
}
