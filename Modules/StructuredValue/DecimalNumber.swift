// Provides the correctly rounded double of a decimal number, without libc and its locale.

/// A decimal number as it is read, digit by digit.
internal struct DecimalNumber {
  var isNegative = false
  /// Significant digits without leading zeros; at most `digitLimit` of them.
  private var digits: [UInt8] = []
  /// The value is `0.d1d2d3… × 10^point`; with digits beyond the limit the exponent counts on.
  private var point = 0
  private var hasDroppedDigits = false

  /// No double lies between two decimal numbers that differ only beyond this many digits and whether any follow: the
  /// longest midpoint of two doubles has 767.
  private static let digitLimit = 800

  mutating func append(_ digit: UInt8, fraction: Bool = false) {
    if digits.isEmpty && digit == 0 {
      if fraction { point -= 1 }
      return
    }
    if digits.count < Self.digitLimit {
      digits.append(digit)
    } else if digit != 0 {
      hasDroppedDigits = true
    }
    if !fraction { point += 1 }
  }

  /// Multiplies by a power of ten.
  mutating func shift(_ exponent: Int) { point += exponent }

  /// The value of a number without fraction and exponent, if it fits into 64 bits and is not minus zero.
  var integer: StructuredValue? {
    if digits.isEmpty { return isNegative ? nil : .integer(0) }
    guard digits.count <= 20, point == digits.count else { return nil }
    var value: UInt64 = 0
    for digit in digits {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
      if overflow || carry { return nil }
      value = sum
    }
    if !isNegative { return StructuredValue(value) }
    if value > 1 << 63 { return nil }
    return .integer(Int64(truncatingIfNeeded: 0 &- value))
  }

  /// The nearest double, ties to even; `nil` when the number is beyond all doubles.
  var double: Double? {
    guard let magnitude else { return nil }
    return isNegative ? -magnitude : magnitude
  }

  private var magnitude: Double? {
    if digits.isEmpty || point < -330 { return 0 }
    if point > 310 { return nil }
    let exponent = point - digits.count
    // Clinger's fast path: both factors are exact, so one rounding is all there is.
    if digits.count <= 15, exponent >= -22, exponent <= 22 {
      var mantissa: UInt64 = 0
      for digit in digits { mantissa = mantissa * 10 + UInt64(digit) }
      var power = 1.0
      for _ in 0..<abs(exponent) { power *= 10 }
      return exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
    }
    return exact(exponent)
  }

  /// By whole numbers of any size: the quotient's first bits, and whether anything is left.
  private func exact(_ exponent: Int) -> Double? {
    var numerator = BigNatural(digits: digits)
    var denominator = BigNatural(1)
    if hasDroppedDigits {
      // A digit that stands for the dropped ones: it only has to be neither zero nor a carry.
      numerator.multiply(by: 10, adding: 1)
      denominator.multiply(by: 10)
    }
    for _ in 0..<max(0, exponent) { numerator.multiply(by: 10) }
    for _ in 0..<max(0, -exponent) { denominator.multiply(by: 10) }
    // Scale so that 1 <= numerator / denominator < 2; the value is that times 2^binary.
    var binary = numerator.bitWidth - denominator.bitWidth
    if binary > 0 { denominator.shiftLeft(binary) } else { numerator.shiftLeft(-binary) }
    if numerator < denominator {
      numerator.shiftLeft(1)
      binary -= 1
    }
    if binary > 1023 { return nil }
    // Subnormal numbers have fewer bits.
    let precision = binary < -1022 ? 53 + binary + 1022 : 53
    if precision < 0 { return 0 }
    var mantissa: UInt64 = 0
    for _ in 0..<precision {
      mantissa <<= 1
      if !(numerator < denominator) {
        mantissa |= 1
        numerator.subtract(denominator)
      }
      numerator.shiftLeft(1)
    }
    // What is left, against one half: numerator / denominator is twice the rest now.
    let isAboveHalf = denominator < numerator
    let isHalf = !isAboveHalf && !(numerator < denominator)
    if isAboveHalf || (isHalf && mantissa & 1 == 1) { mantissa += 1 }
    // A carry out of the mantissa is right as it is: it makes the next exponent, or infinity.
    let bits = binary < -1022 ? mantissa : UInt64(binary + 1022) << 52 + mantissa
    let value = Double(bitPattern: bits)
    return value.isFinite ? value : nil
  }
}

/// A natural number of any size, with what long division needs.
private struct BigNatural {
  /// Least significant first, without zeros at the end.
  private var words: [UInt32]

  init(_ value: UInt32) { words = value == 0 ? [] : [value] }

  init(digits: [UInt8]) {
    words = []
    for digit in digits { multiply(by: 10, adding: UInt32(digit)) }
  }

  var bitWidth: Int { words.last.map { words.count * 32 - $0.leadingZeroBitCount } ?? 0 }

  mutating func multiply(by factor: UInt32, adding addend: UInt32 = 0) {
    var carry = UInt64(addend)
    for index in words.indices {
      let product = UInt64(words[index]) * UInt64(factor) + carry
      words[index] = UInt32(truncatingIfNeeded: product)
      carry = product >> 32
    }
    if carry != 0 { words.append(UInt32(carry)) }
  }

  mutating func shiftLeft(_ count: Int) {
    if words.isEmpty { return }
    let bits = UInt32(count % 32)
    if bits != 0 {
      var carry: UInt32 = 0
      for index in words.indices {
        let word = words[index]
        words[index] = word << bits | carry
        carry = word >> (32 - bits)
      }
      if carry != 0 { words.append(carry) }
    }
    words.insert(contentsOf: [UInt32](repeating: 0, count: count / 32), at: 0)
  }

  /// - Precondition: `other` is not greater.
  mutating func subtract(_ other: BigNatural) {
    var borrow: UInt64 = 0
    for index in words.indices {
      let subtrahend = (index < other.words.count ? UInt64(other.words[index]) : 0) + borrow
      let word = UInt64(words[index])
      borrow = word < subtrahend ? 1 : 0
      words[index] = UInt32(truncatingIfNeeded: word &- subtrahend)
    }
    while words.last == 0 { words.removeLast() }
  }

  static func < (left: BigNatural, right: BigNatural) -> Bool {
    if left.words.count != right.words.count { return left.words.count < right.words.count }
    var index = left.words.count - 1
    while index >= 0 {
      if left.words[index] != right.words[index] { return left.words[index] < right.words[index] }
      index -= 1
    }
    return false
  }
}
