// Provides standard error as the place for a line of text.
internal import CLinuxShims

/// File descriptor 2, which is nobody's here: it is never closed.
public enum StandardError {
  /// Writes `bytes` in one call where possible; errors are ignored, since there is no place to tell them.
  public static func write(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBufferPointer { CLinuxShims.write(2, $0.baseAddress, $0.count) }
      if count > 0 { rest = rest.dropFirst(count) } else if Errno.current != .interrupted { return }
    }
  }
}
