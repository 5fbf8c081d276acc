// Provides random identifiers of traces and spans, and the random number of a trace.
internal import LinuxSystem

/// Random numbers of tracing, from the kernel, so that forked processes never make the same ones.
public enum TraceIdentifiers {
  /// 32 lower-case hexadecimal digits, not all zero.
  public static func traceID() -> String { hexadecimal(UniqueID.random().bytes[...]) }

  /// 16 lower-case hexadecimal digits, not all zero.
  public static func spanID() -> String {
    // The second half of a UUID has two fixed bits and cannot be zero.
    hexadecimal(UniqueID.random().bytes[8...])
  }

  /// At least 0 and less than 1, with up to 16 digits: one number for all decisions about one trace.
  public static func sampleRand() -> Double {
    var bits: UInt64 = 0
    let bytes = UniqueID.random().bytes
    // Those that a version 4 UUID leaves free.
    for index in [0, 1, 2, 3, 4, 5, 9] { bits = bits << 8 | UInt64(bytes[index]) }
    return Double(bits >> 3) * 0x1p-53
  }

  private static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String {
    String(unsafeUninitializedCapacity: bytes.count * 2) { text in
      var position = 0
      for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
          text[position] = digit < 10 ? 0x30 + digit : 0x61 + digit - 10
          position += 1
        }
      }
      return position
    }
  }
}
