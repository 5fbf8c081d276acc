// Provides patterns for the names of annotations.

/// A pattern of a sanitizing client: `*` stands for any run of bytes, `?` for one or none, `\` takes the next one as it is.
struct NamePattern {
  private enum Token: Equatable { case byte(UInt8), anyOrNone, run }
  private let tokens: [Token]

  init(_ pattern: [UInt8]) {
    var tokens: [Token] = []
    var rest = pattern[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "*"): if tokens.last != .run { tokens.append(.run) }
      case UInt8(ascii: "?"): tokens.append(.anyOrNone)
      case UInt8(ascii: "\\"): if let next = rest.popFirst() { tokens.append(.byte(next)) }
      default: tokens.append(.byte(byte))
      }
    }
    self.tokens = tokens
  }

  /// In time of the product of both lengths, whatever the pattern.
  func matches(_ name: [UInt8]) -> Bool {
    // Which tokens may come next, after the bytes so far.
    var states = closure(of: [Bool](repeating: false, count: tokens.count + 1).setting(0))
    for byte in name {
      var next = [Bool](repeating: false, count: tokens.count + 1)
      var isPossible = false
      for (index, token) in tokens.enumerated() where states[index] {
        switch token {
        case .byte(byte), .anyOrNone: next[index + 1] = true
        case .byte: continue
        case .run: next[index] = true
        }
        isPossible = true
      }
      if !isPossible { return false }
      states = closure(of: next)
    }
    return states[tokens.count]
  }

  /// Adds what is reached without a byte.
  private func closure(of states: [Bool]) -> [Bool] {
    var states = states
    for (index, token) in tokens.enumerated() where states[index] && (token == .run || token == .anyOrNone) {
      states[index + 1] = true
    }
    return states
  }
}

extension [Bool] {
  fileprivate func setting(_ index: Int) -> [Bool] {
    var copy = self
    copy[index] = true
    return copy
  }
}

/// The names of annotations that a sanitized report may have.
struct AllowedNames {
  /// `nil`: all.
  private let patterns: [NamePattern]?

  init(_ rules: SanitizationRules) { patterns = rules.allowedAnnotations.map { $0.map { NamePattern($0) } } }

  func contains(_ name: [UInt8]) -> Bool { patterns?.contains { $0.matches(name) } ?? true }
}
