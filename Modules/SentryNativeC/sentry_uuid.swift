// Provides the functions of identifiers.
internal import CLinuxShims
public import CSentry
internal import SentryEnvelope

extension sentry_uuid_t {
  internal init(_ id: SentryID) {
    self.init()
    let bytes = id.bytes
    withUnsafeMutableBytes(of: &self) { for index in 0..<16 { $0[index] = bytes[index] } }
  }

  internal var sentryID: SentryID {
    withUnsafeBytes(of: self) { SentryID(bytes: Array($0)) } ?? .empty
  }

  /// 36 characters as a value.
  internal var dashedText: sentry_value_t {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 37) { text in
      guard let start = text.baseAddress else { return .null }
      withUnsafePointer(to: self) { sentry_uuid_as_string($0, start) }
      return HeapValue.text(start, 36)
    }
  }
}

@implementation @c public func sentry_uuid_nil() -> sentry_uuid_t { sentry_uuid_t() }

@implementation @c public func sentry_uuid_new_v4() -> sentry_uuid_t {
  var id = sentry_uuid_t()
  let isFilled = withUnsafeMutableBytes(of: &id) { bytes in
    guard csentry_random(bytes.baseAddress, 16) != 0 else { return false }
    bytes[6] = bytes[6] & 0x0f | 0x40
    bytes[8] = bytes[8] & 0x3f | 0x80
    return true
  }
  return isFilled ? id : sentry_uuid_t()
}

@implementation @c public func sentry_uuid_from_string(_ str: UnsafePointer<CChar>?) -> sentry_uuid_t {
  sentry_uuid_from_string_n(str, length(str))
}

@implementation @c
public func sentry_uuid_from_string_n(_ str: UnsafePointer<CChar>?, _ str_len: Int) -> sentry_uuid_t {
  guard let str, str_len > 0 else { return sentry_uuid_t() }
  var id = sentry_uuid_t()
  let isWellFormed = withUnsafeMutableBytes(of: &id) { bytes in
    var digits = 0
    for index in 0..<str_len where digits < 32 {
      let digit: UInt8
      switch UInt8(bitPattern: str[index]) {
      case UInt8(ascii: "-"): continue
      case let byte where byte >= 0x30 && byte <= 0x39: digit = byte - 0x30
      case let byte where byte >= 0x41 && byte <= 0x46: digit = byte - 0x37
      case let byte where byte >= 0x61 && byte <= 0x66: digit = byte - 0x57
      default: return false
      }
      bytes[digits / 2] |= digits % 2 == 0 ? digit << 4 : digit
      digits += 1
    }
    return true
  }
  return isWellFormed ? id : sentry_uuid_t()
}

@implementation @c public func sentry_uuid_from_bytes(_ bytes: UnsafePointer<CChar>?) -> sentry_uuid_t {
  var id = sentry_uuid_t()
  if let bytes { memcpy(&id, bytes, 16) }
  return id
}

@implementation @c public func sentry_uuid_is_nil(_ uuid: UnsafePointer<sentry_uuid_t>?) -> Int32 {
  guard let uuid else { return 1 }
  let bytes = UnsafeRawPointer(uuid)
  return (0..<16).allSatisfy { bytes.load(fromByteOffset: $0, as: UInt8.self) == 0 } ? 1 : 0
}

@implementation @c
public func sentry_uuid_as_bytes(_ uuid: UnsafePointer<sentry_uuid_t>?, _ bytes: UnsafeMutablePointer<CChar>?) {
  guard let uuid, let bytes else { return }
  memcpy(bytes, uuid, 16)
}

@implementation @c
public func sentry_uuid_as_string(_ uuid: UnsafePointer<sentry_uuid_t>?, _ str: UnsafeMutablePointer<CChar>?) {
  guard let uuid, let str else { return }
  let bytes = UnsafeRawPointer(uuid)
  var out = 0
  for index in 0..<16 {
    if index == 4 || index == 6 || index == 8 || index == 10 {
      str[out] = CChar(bitPattern: UInt8(ascii: "-"))
      out += 1
    }
    let byte = bytes.load(fromByteOffset: index, as: UInt8.self)
    str[out] = hexadecimal(byte >> 4)
    str[out + 1] = hexadecimal(byte & 15)
    out += 2
  }
  str[36] = 0
}

private func hexadecimal(_ digit: UInt8) -> CChar { CChar(bitPattern: digit < 10 ? 0x30 + digit : 0x57 + digit) }
