// Provides readable names for Rust's newer scheme, "v0".

/// Prints a name that starts with `_R`, without hashes, as people write paths in Rust.
///
/// The grammar is in docs/stack-walking.md; its source is the chapter "v0 symbol format" of the rustc book. Names refer
/// back to parts of themselves, so depth and output are bounded.
struct RustName {
  /// `nil` when the name is none of Rust's or is damaged.
  static func demangle(_ name: [UInt8]) -> String? {
    var bytes = name[...]
    if bytes.starts(with: "__R".utf8) { bytes = bytes.dropFirst() }
    guard bytes.starts(with: "_R".utf8) else { return nil }
    bytes = bytes.dropFirst(2)
    // A suffix of the compiler or the linker is no part of the name.
    if let dot = bytes.firstIndex(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "$") }) {
      bytes = bytes[..<dot]
    }
    // The version of the encoding; only the one without a number exists.
    guard let first = bytes.first, first >= UInt8(ascii: "A"), first <= UInt8(ascii: "Z") else { return nil }
    var printer = RustName(Array(bytes))
    guard printer.path(isValue: true) else { return nil }
    if printer.position < printer.bytes.count {
      // The crate that the generic was made for.
      printer.silent += 1
      guard printer.path(isValue: false), printer.position == printer.bytes.count else { return nil }
    }
    return String(decoding: printer.output, as: UTF8.self)
  }

  var bytes: [UInt8]
  var position = 0
  var output: [UInt8] = []
  /// Above 0 while parts are read that are not shown.
  var silent = 0
  private var depth = 0
  /// How many lifetimes are bound by `for<…>` around the current place.
  var boundLifetimes: UInt64 = 0

  private static let depthLimit = 200
  private static let outputLimit = 64 << 10

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func print(_ text: some Sequence<UInt8>) {
    if silent == 0 { output.append(contentsOf: text) }
  }
  mutating func print(_ text: String) { print(text.utf8) }

  func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func next() -> UInt8? {
    guard position < bytes.count else { return nil }
    position += 1
    return bytes[position - 1]
  }

  mutating func take(_ byte: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: byte) else { return false }
    position += 1
    return true
  }

  /// Runs `body` one level deeper; `nil` where names nest too deeply or grew too long.
  mutating func nested(_ body: (inout RustName) -> Bool) -> Bool {
    guard depth < Self.depthLimit, output.count < Self.outputLimit else { return false }
    depth += 1
    defer { depth -= 1 }
    return body(&self)
  }

  /// `_` is 0, `0_` is 1, and so on.
  mutating func base62() -> UInt64? {
    if take("_") { return 0 }
    var value: UInt64 = 0
    while let byte = next() {
      let digit: UInt8
      switch byte {
      case 0x5f:
        let (result, overflow) = value.addingReportingOverflow(1)
        return overflow ? nil : result
      case 0x30...0x39: digit = byte - 0x30
      case 0x61...0x7a: digit = byte - 0x61 + 10
      case 0x41...0x5a: digit = byte - 0x41 + 36
      default: return nil
      }
      let (product, overflow) = value.multipliedReportingOverflow(by: 62)
      let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
      if overflow || carry { return nil }
      value = sum
    }
    return nil
  }

  /// A number behind `tag`, 0 without it.
  mutating func optionalBase62(_ tag: Unicode.Scalar) -> UInt64? {
    guard take(tag) else { return 0 }
    return base62().flatMap { $0 == .max ? nil : $0 + 1 }
  }

  /// Reads what `body` reads at an earlier place.
  mutating func backReference(_ body: (inout RustName) -> Bool) -> Bool {
    let start = position - 1
    guard let target = base62(), target < UInt64(start) else { return false }
    // What is not shown was checked when it was met.
    if silent > 0 { return true }
    let end = position
    position = Int(target)
    defer { position = end }
    return nested(body)
  }

  struct Identifier {
    var text: [UInt8]
    var disambiguator: UInt64
  }

  mutating func identifier() -> Identifier? {
    guard let disambiguator = optionalBase62("s"), let text = undisambiguatedIdentifier() else { return nil }
    return Identifier(text: text, disambiguator: disambiguator)
  }

  mutating func undisambiguatedIdentifier() -> [UInt8]? {
    let isPunycode = take("u")
    guard var length = next().flatMap({ (0x30...0x39).contains($0) ? Int($0 - 0x30) : nil }) else { return nil }
    if length > 0 {
      while let digit = peek(), digit >= 0x30, digit <= 0x39 {
        length = length * 10 + Int(digit - 0x30)
        position += 1
        if length > bytes.count { return nil }
      }
    }
    // Between the length and a text that starts with a digit or `_`.
    _ = take("_")
    guard length <= bytes.count - position else { return nil }
    let text = Array(bytes[position..<position + length])
    position += length
    return isPunycode ? Punycode.decode(text) : text
  }

  /// - Parameter isValue: whether arguments of generics need `::` before them.
  mutating func path(isValue: Bool) -> Bool { nested { $0.pathBody(isValue: isValue) } }

  private mutating func pathBody(isValue: Bool) -> Bool {
    guard let tag = next() else { return false }
    switch tag {
    case UInt8(ascii: "C"):
      guard let crate = identifier() else { return false }
      print(crate.text)
      return true
    case UInt8(ascii: "N"): return nestedPath(isValue: isValue)
    case UInt8(ascii: "M"), UInt8(ascii: "X"), UInt8(ascii: "Y"):
      if tag != UInt8(ascii: "Y") {
        // Where the implementation stands.
        silent += 1
        let isSound = optionalBase62("s") != nil && path(isValue: false)
        silent -= 1
        guard isSound else { return false }
      }
      print("<")
      guard type() else { return false }
      if tag != UInt8(ascii: "M") {
        print(" as ")
        guard path(isValue: false) else { return false }
      }
      print(">")
      return true
    case UInt8(ascii: "I"):
      guard path(isValue: isValue) else { return false }
      if isValue { print("::") }
      print("<")
      guard list({ $0.genericArgument() }) else { return false }
      print(">")
      return true
    case UInt8(ascii: "B"): return backReference { $0.path(isValue: isValue) }
    default: return false
    }
  }

  private mutating func nestedPath(isValue: Bool) -> Bool {
    guard let space = next(), path(isValue: isValue), let name = identifier() else { return false }
    switch space {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"):
      // A place without a name of its own in the source.
      print("::{")
      switch space {
      case UInt8(ascii: "C"): print("closure")
      case UInt8(ascii: "S"): print("shim")
      default: print([space])
      }
      if !name.text.isEmpty {
        print(":")
        print(name.text)
      }
      print("#\(name.disambiguator)}")
      return true
    case UInt8(ascii: "a")...UInt8(ascii: "z"):
      if !name.text.isEmpty {
        print("::")
        print(name.text)
      }
      return true
    default: return false
    }
  }

  /// Items up to `E`, with commas between them.
  mutating func list(separator: String = ", ", _ item: (inout RustName) -> Bool) -> Bool {
    countedList(separator, item) != nil
  }

  mutating func countedList(_ separator: String = ", ", _ item: (inout RustName) -> Bool) -> Int? {
    var count = 0
    while !take("E") {
      if count > 0 { print(separator) }
      guard nested(item) else { return nil }
      count += 1
    }
    return count
  }

  private mutating func genericArgument() -> Bool {
    if take("L") {
      guard let index = base62() else { return false }
      return lifetime(index)
    }
    return take("K") ? constant() : type()
  }

  /// Counted from the innermost binder, 0 being one that was left out.
  mutating func lifetime(_ index: UInt64) -> Bool {
    print("'")
    if index == 0 {
      print("_")
      return true
    }
    guard index <= boundLifetimes else { return false }
    let number = boundLifetimes - index
    if number < 26 { print([UInt8(ascii: "a") + UInt8(number)]) } else { print("_\(number)") }
    return true
  }
}
