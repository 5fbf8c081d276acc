// Provides a file as the target of a dump.
internal import CLinuxShims
internal import LinuxSystem
public import MinidumpFormat

/// Writes a dump to an open file from its current position 0 on. The descriptor stays the caller's.
public final class MinidumpFileSink: MinidumpSink {
  private let descriptor: Int32
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

  /// 0 after an interruption: the caller's loop goes on.
  private func check(_ count: Int) throws(MinidumpSinkError) -> Int {
    if count > 0 { return count }
    let error = count == 0 ? Errno.inputOutput : Errno.current
    if error == .interrupted { return 0 }
    throw MinidumpSinkError(code: error.rawValue)
  }
}
