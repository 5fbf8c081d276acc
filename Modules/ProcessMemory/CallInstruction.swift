// Provides how return addresses are told from other words.

/// A call instruction of x86, found by the address that it returns to: `e8 rel32` or `ff /2`.
///
/// Source: Intel SDM, volume 2A, CALL and tables 2-2 and 2-3.
public enum CallInstruction {
  /// Bytes of code that are looked at: the longest call instruction.
  public static let length = 7

  /// Whether code ends with one.
  ///
  /// - Parameter code: the `length` bytes before what may be a return address.
  public static func ends(_ code: [UInt8]) -> Bool {
    guard code.count == Self.length else { return false }
    if code[2] == 0xe8 { return true }
    for start in 0...5 {
      guard code[start] == 0xff, code[start + 1] >> 3 & 7 == 2 else { continue }
      let mode = code[start + 1] >> 6
      let base = code[start + 1] & 7
      let hasIndex = mode != 3 && base == 4
      var length = 2 + (hasIndex ? 1 : 0)
      if mode == 1 { length += 1 }
      if mode == 2 { length += 4 }
      if mode == 0, base == 5 || (hasIndex && code[min(start + 2, 6)] & 7 == 5) { length += 4 }
      if start + length == Self.length { return true }
    }
    return false
  }
}
