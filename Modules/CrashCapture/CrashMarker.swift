// Provides the file that says to the next run that this one crashed.
internal import CLinuxShims

/// Writes the marker file: `2026-11-25T17:00:00Z`, without a newline. Its existence is what counts, so a file that
/// cannot be written is passed over. Async-signal-safe.
///
/// - Parameter time: CLOCK_REALTIME in nanoseconds.
@_noLocks @_noAllocation
internal func writeMarker(_ time: Int64) {
  var text: (UInt64, UInt64, UInt64) = (0, 0, 0)
  let seconds = time / 1_000_000_000
  let days = seconds / 86_400
  let rest = seconds % 86_400

  // Days to a civil date; the eras of 400 years begin on 1 March (Howard Hinnant's method).
  let shifted = days &+ 719_468
  let era = shifted / 146_097
  let dayOfEra = shifted % 146_097
  let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
  let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  let month = (5 * dayOfYear + 2) / 153
  let year = yearOfEra &+ era &* 400 &+ (month >= 10 ? 1 : 0)

  withUnsafeMutablePointer(to: &text) { pointer in
    let bytes = UnsafeMutableRawPointer(pointer)
    putDigits(bytes, 0, year, 4, 0x2d)
    putDigits(bytes, 5, month >= 10 ? month - 9 : month + 3, 2, 0x2d)
    putDigits(bytes, 8, dayOfYear - (153 * month + 2) / 5 + 1, 2, 0x54)
    putDigits(bytes, 11, rest / 3600, 2, 0x3a)
    putDigits(bytes, 14, rest % 3600 / 60, 2, 0x3a)
    putDigits(bytes, 17, rest % 60, 2, 0x5a)
    crash_write_file(crash_path_marker(), bytes, 20)
  }
}

/// `value` with `width` decimal digits at `offset`, and `separator` behind it.
@_noLocks @_noAllocation
private func putDigits(
  _ bytes: UnsafeMutableRawPointer, _ offset: Int, _ value: Int64, _ width: Int, _ separator: UInt8
) {
  var rest = value
  var index = width
  while index > 0 {
    index -= 1
    bytes.storeBytes(of: UInt8(truncatingIfNeeded: 0x30 &+ rest % 10), toByteOffset: offset &+ index, as: UInt8.self)
    rest /= 10
  }
  bytes.storeBytes(of: separator, toByteOffset: offset &+ width, as: UInt8.self)
}
