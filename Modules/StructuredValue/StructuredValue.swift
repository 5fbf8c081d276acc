// Provides a value tree for events, answers of servers and files: what JSON and MessagePack can both say.

/// A tree of values. Objects keep the order in which their members were added.
public enum StructuredValue: Hashable, Sendable {
  /// Nothing; also what MessagePack's extensions become when they are read.
  case null
  /// True or false.
  case bool(Bool)
  /// A whole number.
  case integer(Int64)
  /// Only for numbers beyond `Int64.max` in values that were read; see `init(_: UInt64)`.
  case unsigned(UInt64)
  /// Any other number. JSON has neither infinities nor NaN: they become `null` there.
  case double(Double)
  /// Text.
  case string(String)
  /// Bytes that are not text. JSON has none: they are written there as base64.
  case bytes([UInt8])
  /// Values in order.
  case array([StructuredValue])
  /// Values by name, in order.
  case object(StructuredObject)

  /// How many containers may lie in each other, in both formats and both directions.
  ///
  /// Deeper values vanish when they are written, and are refused when they are read: foreign data must not exhaust the
  /// stack.
  public static let depthLimit = 64

  /// `.integer` where the number fits, so that equal numbers are equal values.
  public init(_ value: UInt64) {
    if let small = Int64(exactly: value) { self = .integer(small) } else { self = .unsigned(value) }
  }
}

extension StructuredValue {
  /// `nil` for anything but a truth value.
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  /// `nil` for anything but text.
  public var string: String? { if case .string(let value) = self { value } else { nil } }
  /// `nil` for anything but bytes; text is none.
  public var bytes: [UInt8]? { if case .bytes(let value) = self { value } else { nil } }
  /// `nil` for anything but an array.
  public var array: [StructuredValue]? { if case .array(let value) = self { value } else { nil } }
  /// `nil` for anything but an object.
  public var object: StructuredObject? { if case .object(let value) = self { value } else { nil } }

  /// A whole number that fits; a double counts when it is whole.
  public var int64: Int64? {
    switch self {
    case .integer(let value): value
    case .unsigned(let value): Int64(exactly: value)
    // Not `init(exactly:)`, which needs libm, and an Embedded program may be linked without it.
    case .double(let value):
      if value >= -0x1p63, value < 0x1p63, Double(Int64(value)) == value { Int64(value) } else { nil }
    default: nil
    }
  }

  /// A whole number that is not negative; a double counts when it is whole.
  public var uint64: UInt64? {
    switch self {
    case .integer(let value): UInt64(exactly: value)
    case .unsigned(let value): value
    case .double(let value):
      if value >= 0, value < 0x1p64, Double(UInt64(value)) == value { UInt64(value) } else { nil }
    default: nil
    }
  }

  /// Any number, rounded to a double where it is a large integer.
  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .unsigned(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  /// Whether it says nothing; an empty object does say something.
  public var isNull: Bool { self == .null }

  /// The member of an object; `nil` when it is missing or this is none.
  public subscript(key: String) -> StructuredValue? { object?[key] }

  /// The element of an array; `nil` when there is none or this is no array.
  public subscript(index: Int) -> StructuredValue? {
    guard let array, array.indices.contains(index) else { return nil }
    return array[index]
  }
}

extension StructuredValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(nilLiteral: ()) { self = .null }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .double(value) }
  public init(stringLiteral value: String) { self = .string(value) }
  public init(arrayLiteral elements: StructuredValue...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, StructuredValue)...) {
    var object = StructuredObject()
    for (key, value) in elements { object[key] = value }
    self = .object(object)
  }
}
