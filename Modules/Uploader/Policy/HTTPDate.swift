// Provides the dates of HTTP headers.

/// The three forms of RFC 9110 section 5.6.7: `Wed, 21 Oct 2026 07:28:00 GMT`, `Wednesday, 21-Oct-26 07:28:00 GMT` and
/// `Wed Oct 21 07:28:00 2026`. All are UTC.
public enum HTTPDate {
  private static let months = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
  ]

  /// Seconds since 1970; `nil` when the text is no date. The day of the week is not looked at.
  public static func seconds(_ text: String) -> Int64? {
    let bytes = text.utf8.map { $0 >= 0x41 && $0 <= 0x5a ? $0 | 0x20 : $0 }
    if bytes.count > 64 { return nil }
    var words = bytes.split { $0 == 0x20 || $0 == 0x2d || $0 == 0x2c }
    if words.last.map({ $0.elementsEqual("gmt".utf8) || $0.elementsEqual("utc".utf8) }) == true { words.removeLast() }
    guard words.count == 5 else { return nil }
    // Only the C library's form has the month before the day.
    let isC = month(words[1]) != nil
    guard let month = month(isC ? words[1] : words[2]), let day = number(isC ? words[2] : words[1]),
      var year = number(isC ? words[4] : words[3]), (1...31).contains(day), year <= 9999
    else { return nil }
    if words[isC ? 4 : 3].count == 2 { year += year < 70 ? 2000 : 1900 }
    let clock = words[isC ? 3 : 4].split(separator: UInt8(ascii: ":"))
    guard clock.count == 3, let hour = number(clock[0]), let minute = number(clock[1]), let second = number(clock[2]),
      hour < 24, minute < 60, second <= 60
    else { return nil }
    return days(year: year, month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second
  }

  private static func month(_ word: ArraySlice<UInt8>) -> Int64? {
    months.firstIndex { word.elementsEqual($0.utf8) }.map { Int64($0) + 1 }
  }

  /// One to four digits.
  private static func number(_ word: ArraySlice<UInt8>) -> Int64? {
    if word.isEmpty || word.count > 4 { return nil }
    var value: Int64 = 0
    for byte in word {
      guard byte >= 0x30, byte <= 0x39 else { return nil }
      value = value * 10 + Int64(byte - 0x30)
    }
    return value
  }

  /// Days since 1970-01-01 in the Gregorian calendar, by eras of 400 years that begin in March.
  private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}
