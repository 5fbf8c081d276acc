// Provides points in time: of the calendar and of the monotonic clock.
internal import CLinuxShims

/// Seconds and nanoseconds since 1970-01-01 00:00 UTC.
public struct Timestamp: Hashable, Comparable, Sendable {
  public var seconds: Int64
  /// 0 ..< 1_000_000_000.
  public var nanoseconds: Int32

  public init(seconds: Int64, nanoseconds: Int32 = 0) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  /// The wall clock: CLOCK_REALTIME. It may jump.
  public static func now() -> Timestamp {
    var time = timespec()
    _ = clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
  }

  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
  }

  /// `2026-11-25T03:00:00.000000Z`: UTC with microseconds, the form of events (RFC 3339).
  public var iso8601: String {
    let calendar = UTCCalendar(seconds: seconds)
    let microseconds = min(max(Int64(nanoseconds / 1000), 0), 999_999)
    return String(unsafeUninitializedCapacity: 27) { text in
      var position = 0
      // One digit after the other, from the last.
      func put(_ value: Int64, _ width: Int, _ end: Unicode.Scalar) {
        var rest = value
        for place in stride(from: position + width - 1, through: position, by: -1) {
          text[place] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
          rest /= 10
        }
        text[position + width] = UInt8(ascii: end)
        position += width + 1
      }
      put(calendar.year, 4, "-")
      put(calendar.month, 2, "-")
      put(calendar.day, 2, "T")
      put(calendar.hour, 2, ":")
      put(calendar.minute, 2, ":")
      put(calendar.second, 2, ".")
      put(microseconds, 6, "Z")
      return position
    }
  }
}

/// The Gregorian calendar in UTC, by Howard Hinnant's days-to-civil method.
internal struct UTCCalendar {
  let year, month, day, hour, minute, second: Int64

  init(seconds: Int64) {
    // Years beyond 9999 have no RFC 3339 form; clamp rather than overflow on a hostile clock value.
    let clamped = min(max(seconds, -62_135_596_800), 253_402_300_799)
    let days = clamped >= 0 ? clamped / 86_400 : (clamped - 86_399) / 86_400
    let rest = clamped - days * 86_400
    hour = rest / 3600
    minute = rest % 3600 / 60
    second = rest % 60
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }
}

/// A point of the monotonic clock, for deadlines and durations.
public struct MonotonicInstant: Hashable, Comparable, Sendable {
  /// Nanoseconds since an arbitrary start.
  public var nanoseconds: Int64
  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  public static func now() -> MonotonicInstant {
    var time = timespec()
    _ = clock_gettime(CLOCK_MONOTONIC, &time)
    return MonotonicInstant(nanoseconds: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
  }

  public func advanced(milliseconds: Int64) -> MonotonicInstant {
    // Whoever waits "for ever" says the greatest number he knows.
    let (duration, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
    let (end, isBeyond) = nanoseconds.addingReportingOverflow(duration)
    return MonotonicInstant(nanoseconds: overflow || isBeyond ? (milliseconds < 0 ? .min : .max) : end)
  }

  /// Milliseconds from now until this instant, rounded up; 0 when it has passed. Fits `poll(2)`.
  public func millisecondsFromNow() -> Int32 {
    let now = MonotonicInstant.now().nanoseconds
    if nanoseconds <= now { return 0 }
    return Int32(clamping: (nanoseconds - now).advanced(by: -1) / 1_000_000 + 1)
  }

  public static func < (left: MonotonicInstant, right: MonotonicInstant) -> Bool {
    left.nanoseconds < right.nanoseconds
  }
}
