// Provides the time zone that times in a report were local to.
internal import CLinuxShims

/// The time zone of the capturing process, which is the machine's unless `TZ` says otherwise.
public struct TimeZoneFacts: Hashable, Sendable {
  public enum Daylight: Hashable, Sendable { case none, standardNow, daylightNow }

  public var daylight = Daylight.none
  /// Seconds to the east of UTC in standard time.
  public var standardOffset = 0
  /// Seconds to the east of UTC in daylight saving time; the same as `standardOffset` without it.
  public var daylightOffset = 0
  /// Abbreviations such as `CET` and `CEST`; equal without daylight saving time.
  public var standardName = "UTC", daylightName = "UTC"

  public init() {}

  /// As it is now: the clock may have been changed to daylight saving time since the last look.
  public static func current() -> TimeZoneFacts {
    var result = TimeZoneFacts()
    var standard = 0
    var daylight = 0
    // Two names of 32 bytes.
    var names = [CChar](repeating: 0, count: 64)
    let kind = names.withUnsafeMutableBufferPointer { buffer -> Int32 in
      guard let base = buffer.baseAddress else { return 0 }
      return linux_time_zone(&standard, &daylight, base, base + 32)
    }
    func text(_ start: Int) -> String {
      String(decoding: names[start..<(start + 32)].prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    result.daylight = kind == 2 ? .daylightNow : kind == 1 ? .standardNow : .none
    result.standardOffset = standard
    result.standardName = text(0)
    result.daylightOffset = kind == 0 ? standard : daylight
    result.daylightName = kind == 0 ? text(0) : text(32)
    return result
  }
}
