// Provides the types and constants in Rust's mangled names.

extension RustName {
  private static func basicType(_ tag: UInt8) -> String? {
    switch Unicode.Scalar(tag) {
    case "a": "i8"
    case "b": "bool"
    case "c": "char"
    case "d": "f64"
    case "e": "str"
    case "f": "f32"
    case "h": "u8"
    case "i": "isize"
    case "j": "usize"
    case "l": "i32"
    case "m": "u32"
    case "n": "i128"
    case "o": "u128"
    case "p": "_"
    case "s": "i16"
    case "t": "u16"
    case "u": "()"
    case "v": "..."
    case "x": "i64"
    case "y": "u64"
    case "z": "!"
    default: nil
    }
  }

  mutating func type() -> Bool { nested { $0.typeBody() } }

  private mutating func typeBody() -> Bool {
    guard let tag = next() else { return false }
    if let name = Self.basicType(tag) {
      print(name)
      return true
    }
    switch Unicode.Scalar(tag) {
    case "R", "Q":
      print("&")
      if take("L") {
        guard let index = base62() else { return false }
        if index != 0 {
          guard lifetime(index) else { return false }
          print(" ")
        }
      }
      if tag == UInt8(ascii: "Q") { print("mut ") }
      return type()
    case "P", "O":
      print(tag == UInt8(ascii: "P") ? "*const " : "*mut ")
      return type()
    case "A", "S":
      print("[")
      guard type() else { return false }
      if tag == UInt8(ascii: "A") {
        print("; ")
        guard constant() else { return false }
      }
      print("]")
      return true
    case "T":
      print("(")
      guard let count = countedList(", ", { $0.type() }) else { return false }
      print(count == 1 ? ",)" : ")")
      return true
    case "F": return binder { $0.functionType() }
    case "D":
      print("dyn ")
      guard binder({ $0.list(separator: " + ") { $0.dynamicTrait() } }), take("L"), let index = base62() else {
        return false
      }
      if index == 0 { return true }
      print(" + ")
      return lifetime(index)
    case "B": return backReference { $0.type() }
    default:
      position -= 1
      return path(isValue: false)
    }
  }

  /// `for<'a, 'b>` and what it is for.
  private mutating func binder(_ body: (inout RustName) -> Bool) -> Bool {
    guard let count = optionalBase62("G"), count <= 64 else { return false }
    let outer = boundLifetimes
    defer { boundLifetimes = outer }
    if count > 0 {
      print("for<")
      for index in 0..<count {
        if index > 0 { print(", ") }
        boundLifetimes += 1
        guard lifetime(1) else { return false }
      }
      print("> ")
    }
    return body(&self)
  }

  private mutating func functionType() -> Bool {
    if take("U") { print("unsafe ") }
    if take("K") {
      print("extern \"")
      if take("C") {
        print("C")
      } else {
        guard let name = undisambiguatedIdentifier() else { return false }
        print(name.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "-") : $0 })
      }
      print("\" ")
    }
    print("fn(")
    guard list({ $0.type() }) else { return false }
    print(")")
    if take("u") { return true }
    print(" -> ")
    return type()
  }

  private mutating func dynamicTrait() -> Bool {
    guard var isOpen = traitWithOpenArguments() else { return false }
    while take("p") {
      print(isOpen ? ", " : "<")
      isOpen = true
      guard let name = undisambiguatedIdentifier() else { return false }
      print(name)
      print(" = ")
      guard type() else { return false }
    }
    if isOpen { print(">") }
    return true
  }

  /// A path whose generic arguments may go on with associated types: whether `<` is still open.
  private mutating func traitWithOpenArguments() -> Bool? {
    if take("B") {
      var isOpen = false
      let isSound = backReference { name in
        guard let result = name.traitWithOpenArguments() else { return false }
        isOpen = result
        return true
      }
      return isSound ? isOpen : nil
    }
    guard take("I") else { return path(isValue: false) ? false : nil }
    guard path(isValue: false) else { return nil }
    print("<")
    var count = 0
    while !take("E") {
      if count > 0 { print(", ") }
      guard nested({ $0.argumentOfTrait() }) else { return nil }
      count += 1
    }
    return true
  }

  private mutating func argumentOfTrait() -> Bool {
    if take("L") {
      guard let index = base62() else { return false }
      return lifetime(index)
    }
    return take("K") ? constant() : type()
  }

  mutating func constant() -> Bool { nested { $0.constantBody() } }

  private mutating func constantBody() -> Bool {
    guard let tag = next() else { return false }
    switch Unicode.Scalar(tag) {
    case "p":
      print("_")
      return true
    case "B": return backReference { $0.constant() }
    case "h", "t", "m", "y", "o", "j": return number()
    case "a", "s", "l", "x", "n", "i":
      if take("n") { print("-") }
      return number()
    case "b":
      guard let value = hexadecimalDigits(), let bit = UInt8(value, radix: 16), bit < 2 else { return false }
      print(bit == 1 ? "true" : "false")
      return true
    case "c":
      guard let text = hexadecimalDigits(), let value = UInt32(text, radix: 16), let scalar = Unicode.Scalar(value)
      else { return false }
      let shown =
        switch scalar {
        case "\t": "\\t"
        case "\r": "\\r"
        case "\n": "\\n"
        case "'": "\\'"
        case "\\": "\\\\"
        default: value < 32 || value == 127 ? "\\u{\(text)}" : String(Character(scalar))
        }
      print("'" + shown + "'")
      return true
    default: return false
    }
  }

  private mutating func number() -> Bool {
    guard let digits = hexadecimalDigits() else { return false }
    if let value = UInt64(digits, radix: 16) { print("\(value)") } else { print("0x" + digits) }
    return true
  }

  /// Lower-case digits up to `_`.
  private mutating func hexadecimalDigits() -> String? {
    let start = position
    while let byte = next() {
      if byte == UInt8(ascii: "_") {
        let digits = bytes[start..<position - 1].drop { $0 == UInt8(ascii: "0") }
        return digits.isEmpty ? "0" : String(decoding: digits, as: UTF8.self)
      }
      guard (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) else { return nil }
    }
    return nil
  }
}
