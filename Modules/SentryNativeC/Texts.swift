// Provides texts of callers: C strings and bytes with a length.
internal import CLinuxShims
internal import CSentry
internal import LinuxSystem

extension String {
  /// Bytes that are not UTF-8 become U+FFFD.
  internal init?(c text: UnsafePointer<CChar>?) {
    guard let text else { return nil }
    self.init(c: text, strlen(text))
  }

  internal init?(c text: UnsafePointer<CChar>?, _ length: Int) {
    guard let text, length >= 0 else { return nil }
    let bytes = UnsafeRawBufferPointer(start: text, count: length)
    self.init(decoding: bytes, as: UTF8.self)
  }
}

extension sentry_value_t {
  /// A text; null when there is none or no memory.
  internal init(text: String?) {
    guard let text else {
      self = .null
      return
    }
    var copy = text
    self = copy.withUTF8 { bytes in
      guard let start = bytes.baseAddress else { return sentry_value_t(staticText: "") }
      return start.withMemoryRebound(to: CChar.self, capacity: bytes.count) { HeapValue.text($0, bytes.count) }
    }
  }

  internal init(staticText text: StaticString) {
    self = UnsafeRawPointer(text.utf8Start).withMemoryRebound(to: CChar.self, capacity: text.utf8CodeUnitCount) {
      HeapValue.text($0, text.utf8CodeUnitCount)
    }
  }

  /// Sets a member of this object, and takes over `value`.
  internal func set(_ key: StaticString, _ value: sentry_value_t) {
    let isSet =
      UnsafeRawPointer(key.utf8Start).withMemoryRebound(to: CChar.self, capacity: key.utf8CodeUnitCount) { name in
        heap(SENTRY_VALUE_TYPE_OBJECT)?.set(name, key.utf8CodeUnitCount, value) ?? false
      }
    if !isSet { value.release() }
  }

  /// Sets a member to a text of a caller, if there is one.
  internal func set(_ key: StaticString, _ text: UnsafePointer<CChar>?, _ length: Int) {
    if let text { set(key, HeapValue.text(text, length)) }
  }

  /// Lends a member of this object.
  internal func member(_ key: StaticString) -> sentry_value_t? {
    UnsafeRawPointer(key.utf8Start).withMemoryRebound(to: CChar.self, capacity: key.utf8CodeUnitCount) { name in
      heap(SENTRY_VALUE_TYPE_OBJECT)?.member(name, key.utf8CodeUnitCount)
    }
  }
}

extension FilePath {
  /// `nil` for NULL and for an empty text.
  internal init?(c text: UnsafePointer<CChar>?, _ length: Int) {
    guard let text, length > 0 else { return nil }
    self.init(bytes: Array(UnsafeRawBufferPointer(start: text, count: length)))
  }
}

/// The length of an optional text.
internal func length(_ text: UnsafePointer<CChar>?) -> Int { text.map { strlen($0) } ?? 0 }

/// A copy of bytes for the caller, with a NUL behind them.
internal func callersCopy(of bytes: [UInt8]) -> UnsafeMutablePointer<CChar>? {
  guard let memory = sentry_malloc(bytes.count + 1)?.assumingMemoryBound(to: CChar.self) else { return nil }
  bytes.withUnsafeBufferPointer { if let start = $0.baseAddress { memcpy(memory, start, bytes.count) } }
  memory[bytes.count] = 0
  return memory
}
