// Provides a file as the target of a dump.
internal import CLinuxShims
internal import LinuxSystem
public import MinidumpFormat

/// Writes a dump to an open file from its current position 0 on. The descriptor stays the caller's.
public final class MinidumpFileSink: MinidumpSink {
  /// Fewer bytes are not reserved: the call would cost more than it gains.
  private static let reserved = 64 << 10

  private let descriptor: Int32
  private var reserves = false
  /// A pipe cannot go back: it gets the signature at once.
  public let canOverwrite: Bool

  public init(descriptor: Int32) {
    self.descriptor = descriptor
    canOverwrite = lseek(descriptor, 0, SEEK_CUR) >= 0
  }

  public func write(_ bytes: UnsafeRawBufferPointer) throws(MinidumpSinkError) {
    var written = 0
    while written < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
      written += try check(CLinuxShims.write(descriptor, rest.baseAddress, rest.count))
    }
  }

  public func overwrite(at offset: UInt64, _ bytes: UnsafeRawBufferPointer) throws(MinidumpSinkError) -> Bool {
    guard let start = Int(exactly: offset) else { return false }
    var written = 0
    while written < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
      written += try check(pwrite(descriptor, rest.baseAddress, rest.count, start + written))
    }
    return true
  }

  public func extend(to size: UInt64) throws(MinidumpSinkError) -> Bool {
    let position = lseek(descriptor, 0, SEEK_CUR)
    guard canOverwrite, position >= 0, let end = Int(exactly: size), position <= end else { return false }
    // First what an older file may have here: only what is new is zeros.
    guard ftruncate(descriptor, position) == 0, ftruncate(descriptor, end) == 0 else { return false }
    // Files in memory are made slower by it, by a sixth.
    reserves = file_is_in_memory(descriptor) == 0
    return true
  }

  public func reserve(at offset: UInt64, count: Int) {
    guard reserves, count >= Self.reserved, let start = Int(exactly: offset) else { return }
    // One extent for many blocks. When there is no room, or no such call, the write that follows finds out.
    _ = fallocate(descriptor, 0, start, count)
  }

  /// 0 after an interruption: the caller's loop goes on.
  private func check(_ count: Int) throws(MinidumpSinkError) -> Int {
    if count > 0 { return count }
    let error = count == 0 ? Errno.inputOutput : Errno.current
    if error == .interrupted { return 0 }
    throw MinidumpSinkError(code: error.rawValue)
  }
}
