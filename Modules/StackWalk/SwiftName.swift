// Provides the short form of demangled Swift names.

/// Shortens what `swift_demangle` gives, which spells out every type.
///
/// Works on text, since the runtime offers no other form. What it does not understand it keeps.
enum SwiftName {
  /// `main.Shop.buy(item: Swift.String, _: Swift.Int) async throws -> Swift.Bool` becomes `main.Shop.buy(item:_:)`.
  static func shortened(_ name: String) -> String {
    var scanner = Scanner(Array(name.utf8))
    scanner.dropSuspensionMark()
    if let thunk = scanner.thunk { return thunk }
    scanner.dropSpecialization()
    if let thunk = scanner.thunk { return String(decoding: scanner.result, as: UTF8.self) + thunk }
    while scanner.advance() {}
    return String(decoding: scanner.result, as: UTF8.self)
  }

  private struct Scanner {
    private let bytes: [UInt8]
    private var index = 0
    private(set) var result: [UInt8] = []

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private func matches(_ text: StaticString) -> Bool {
      let text = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
      return bytes[index...].starts(with: text)
    }

    /// `(2) await resume partial function for `: which part of an async function it is says nothing to people.
    mutating func dropSuspensionMark() {
      guard bytes.first == UInt8(ascii: "("), let close = bytes.firstIndex(of: UInt8(ascii: ")")), close < 8 else {
        return
      }
      index = close + 1
      for mark in [" await resume partial function for ", " suspend resume partial function for "] as [StaticString]
      where matches(mark) {
        index += mark.utf8CodeUnitCount
        return
      }
      index = 0
    }

    /// Thunks are told apart by two types of functions each, which say nothing to people.
    var thunk: String? {
      let text = String(decoding: bytes[index...], as: UTF8.self)
      guard let range = text.firstRange(of: "reabstraction thunk"), !text[..<range.lowerBound].contains("<") else {
        return nil
      }
      return String(text[..<range.upperBound])
    }

    /// `generic specialization <Swift.Int> of ` and its kin become `specialized `.
    mutating func dropSpecialization() {
      var found = false
      if matches("merged ") { index += 7 }
      search: while true {
        for mark in [
          "generic specialization <", "generic not re-abstracted specialization <",
          "function signature specialization <", "generic pre-specialization <",
        ] as [StaticString] where matches(mark) {
          let start = index
          index += mark.utf8CodeUnitCount - 1
          skipSpecialization()
          guard matches(" of ") else {
            index = start
            break search
          }
          index += 4
          found = true
          continue search
        }
        break
      }
      if found { result += Array("specialized ".utf8) }
    }

    /// Like `skipGroup`, for angle brackets alone: the demangler leaves a bracket open where it names the closure that
    /// was propagated.
    private mutating func skipSpecialization() {
      var depth = 0
      while index < bytes.count {
        if bytes[index] == UInt8(ascii: "<") { depth += 1 }
        if bytes[index] == UInt8(ascii: ">"), bytes[index - 1] != UInt8(ascii: "-") { depth -= 1 }
        index += 1
        if depth == 0 { return }
      }
    }

    /// Takes one character or one part that is left out; `false` at the end.
    mutating func advance() -> Bool {
      guard index < bytes.count else { return false }
      let byte = bytes[index]
      let last = result.last
      if byte == UInt8(ascii: " ") {
        for word in [" async", " throws", " rethrows"] as [StaticString] where matches(word) {
          let end = index + word.utf8CodeUnitCount
          let next = end < bytes.count ? bytes[end] : UInt8(ascii: " ")
          guard next == UInt8(ascii: " ") || next == UInt8(ascii: "(") else { continue }
          index = end
          if next == UInt8(ascii: "(") { skipGroup() }
          return true
        }
        if matches(" -> ") || matches(" : ") {
          skipType()
          return true
        }
        if matches(" @Sendable ") {
          index += 10
          return true
        }
        if matches(" (") {
          // The type of a closure.
          index += 1
          skipGroup()
          return true
        }
      }
      if last != nil, matches("@Sendable ") {
        index += 10
        return true
      }
      if byte == UInt8(ascii: "(") {
        if last == UInt8(ascii: ".") || (last == nil && !matches("(extension in ")) {
          takePrivateName()
        } else if last == nil {
          skipGroup()
          if index < bytes.count, bytes[index] == UInt8(ascii: ":") { index += 1 }
        } else {
          takeLabels()
        }
        return true
      }
      // After a dot it is an operator.
      if byte == UInt8(ascii: "<"), last != UInt8(ascii: "."), last != UInt8(ascii: "<"), last != UInt8(ascii: " ") {
        skipGroup()
        return true
      }
      result.append(byte)
      index += 1
      return true
    }

    /// From ` -> ` up to the context that a closure is in, or to the end.
    private mutating func skipType() {
      index += 3
      var depth = 0
      while index < bytes.count {
        if depth == 0, matches(" in ") { return }
        depth += nesting(at: index)
        index += 1
      }
    }

    /// From an opening bracket to behind the closing one.
    private mutating func skipGroup() {
      var depth = 0
      while index < bytes.count {
        depth += nesting(at: index)
        index += 1
        if depth <= 0 { return }
      }
    }

    /// `(secret in _1F2E)`: the file that a private name belongs to.
    private mutating func takePrivateName() {
      let start = index
      skipGroup()
      let group = bytes[start..<index].dropFirst().dropLast()
      result += group.prefix { $0 != UInt8(ascii: " ") }
    }

    private mutating func takeLabels() {
      let start = index
      skipGroup()
      let end = index
      result.append(UInt8(ascii: "("))
      var depth = 0
      var argument = start + 1
      var position = start + 1
      while position < end {
        let isEnd = position == end - 1
        if depth == 0, isEnd || bytes[position] == UInt8(ascii: ",") {
          if position > argument { appendLabel(argument..<position) }
          argument = position + 2
        }
        depth += nesting(at: position)
        position += 1
      }
      result.append(UInt8(ascii: ")"))
    }

    private mutating func appendLabel(_ range: Range<Int>) {
      let label = bytes[range].prefix { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "(") }
      let isLabel = label.endIndex < range.upperBound && bytes[label.endIndex] == UInt8(ascii: ":")
      result += isLabel ? label : [UInt8(ascii: "_")]
      result.append(UInt8(ascii: ":"))
    }

    /// 1, -1 or 0 for the character at `place`; the `>` of an arrow closes nothing.
    private func nesting(at place: Int) -> Int {
      switch bytes[place] {
      case UInt8(ascii: "("), UInt8(ascii: "<"), UInt8(ascii: "["): return 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"): return -1
      case UInt8(ascii: ">"): return place > 0 && bytes[place - 1] == UInt8(ascii: "-") ? 0 : -1
      default: return 0
      }
    }
  }
}
