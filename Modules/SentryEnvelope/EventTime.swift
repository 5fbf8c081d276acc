// Provides points in time as events have them.
internal import StructuredValue

/// A point in time in UTC with microseconds.
public struct EventTime: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Seconds since 1970, rounded down.
  public let seconds: Int64
  /// 0 ..< 1_000_000.
  public let microseconds: Int32

  /// - Parameter nanoseconds: 0 ..< 1_000_000_000; the digits behind the microseconds are dropped.
  public init(seconds: Int64, nanoseconds: Int32 = 0) {
    // Other years than 1 to 9999 have no text.
    self.seconds = min(max(seconds, -62_135_596_800), 253_402_300_799)
    microseconds = min(max(nanoseconds / 1000, 0), 999_999)
  }

  /// Parses `YYYY-MM-DDTHH:MM:SS[.fraction]` followed by `Z`, an offset `±HH:MM`, or nothing, which means UTC.
  public init?(_ text: String) {
    let bytes = Array(text.utf8)
    func number(_ range: Range<Int>) -> Int64? {
      guard range.upperBound <= bytes.count else { return nil }
      var value: Int64 = 0
      for byte in bytes[range] {
        guard byte >= 0x30, byte <= 0x39 else { return nil }
        value = value * 10 + Int64(byte - 0x30)
      }
      return value
    }
    guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
      let minute = number(14..<16), let second = number(17..<19), (1...12).contains(month), (1...31).contains(day),
      hour < 24, minute < 60, second <= 60, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
      bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: " "), bytes[13] == UInt8(ascii: ":"),
      bytes[16] == UInt8(ascii: ":")
    else { return nil }
    var index = 19
    var nanoseconds: Int32 = 0
    if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
      index += 1
      var unit: Int32 = 100_000_000
      let start = index
      while index < bytes.count, bytes[index] >= 0x30, bytes[index] <= 0x39 {
        nanoseconds += Int32(bytes[index] - 0x30) * unit
        unit /= 10
        index += 1
      }
      if index == start { return nil }
    }
    var offset: Int64 = 0
    switch index < bytes.count ? bytes[index] : UInt8(ascii: "Z") {
    case UInt8(ascii: "Z"), UInt8(ascii: "z"): if index + 1 < bytes.count { return nil }
    case let sign where sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"):
      guard bytes.count == index + 6, let hours = number((index + 1)..<(index + 3)),
        let minutes = number((index + 4)..<(index + 6)), bytes[index + 3] == UInt8(ascii: ":")
      else { return nil }
      offset = (hours * 3600 + minutes * 60) * (sign == UInt8(ascii: "+") ? 1 : -1)
    default: return nil
    }
    let days = Self.days(year: year, month: month, day: day)
    self.init(seconds: days * 86_400 + hour * 3600 + minute * 60 + second - offset, nanoseconds: nanoseconds)
  }

  /// `2026-11-25T03:00:00.000000Z`.
  public var description: String {
    let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
    let rest = seconds - days * 86_400
    // Howard Hinnant's method: eras of 400 years that begin in March.
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
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
      put(year, 4, "-")
      put(month, 2, "-")
      put(day, 2, "T")
      put(rest / 3600, 2, ":")
      put(rest % 3600 / 60, 2, ":")
      put(rest % 60, 2, ".")
      put(Int64(microseconds), 6, "Z")
      return position
    }
  }

  public static func < (left: EventTime, right: EventTime) -> Bool {
    (left.seconds, left.microseconds) < (right.seconds, right.microseconds)
  }

  private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// From a text or a number of seconds, as servers and SDKs write either.
  internal init?(value: StructuredValue?) {
    switch value {
    case .string(let text): self.init(text)
    case .some(let number):
      guard let seconds = number.double, abs(seconds) < 1e12 else { return nil }
      let whole = Int64(seconds) - (seconds < 0 ? 1 : 0)
      self.init(seconds: whole, nanoseconds: min(Int32((seconds - Double(whole)) * 1e9 + 500), 999_999_999))
    case nil: return nil
    }
  }
}
