// Provides the report as JSON.
internal import LinuxSystem
internal import StackWalk
internal import StructuredValue

extension WalkReport {
  /// The machine-readable form; its shape is documented in docs/stack-walking.md.
  var json: [UInt8] {
    var text = JSONText()
    text.object { text in
      text.name("crash")
      if let crash {
        text.object { text in
          text.member("reason", reason(of: crash))
          text.member("signal", crash.reason)
          text.member("address", hexadecimal: crash.address)
          text.member("thread", Int64(crash.threadID))
          text.member("message", message)
        }
      } else {
        text.null()
      }
      text.member("threads", each: threads) { text, thread in Self.write(thread, to: &text) }
      text.member("modules", each: modules) { text, module in Self.write(module, to: &text) }
      text.member("problems", each: problems) { text, problem in text.string(problem) }
    }
    return text.bytes + [UInt8(ascii: "\n")]
  }

  private static func write(_ module: Module, to text: inout JSONText) {
    text.object { text in
      text.member("path", module.path.description)
      text.member("base", hexadecimal: module.base)
      text.member("size", hexadecimal: module.size)
      text.member("code_id", module.codeID.isEmpty ? nil : module.codeID)
      text.member("debug_id", module.debugID.isEmpty ? nil : module.debugID)
    }
  }

  private static func write(_ thread: Thread, to text: inout JSONText) {
    let stack = thread.stack
    text.object { text in
      text.member("id", Int64(thread.id))
      text.member("name", thread.name)
      text.member("crashed", thread.isCrashed)
      text.member("frames", each: stack.frames) { text, frame in write(frame, to: &text) }
      text.member("end", stack.end.rawValue)
      if !thread.registers.isEmpty {
        text.name("registers")
        text.object { text in
          for register in thread.registers { text.member(register.name, hexadecimal: register.value) }
        }
      }
      if stack.elidedCount > 0 {
        text.name("elided")
        text.object { text in
          text.member("after", Int64(stack.elidedAfter))
          text.member("count", Int64(stack.elidedCount))
        }
      }
      if let gap = stack.gap {
        text.name("gap")
        text.object { text in
          text.member("after", Int64(gap.after))
          text.member("bytes", Int64(clamping: gap.bytes))
        }
      }
    }
  }

  private static func write(_ frame: SymbolizedFrame, to text: inout JSONText) {
    text.object { text in
      text.member("instruction", hexadecimal: frame.instruction)
      text.member("module", frame.module?.description)
      text.member("module_offset", hexadecimal: frame.moduleOffset)
      text.member("symbol", frame.symbol)
      text.member("symbol_raw", frame.rawSymbol)
      text.member("symbol_offset", hexadecimal: frame.symbolOffset)
      text.member("file", frame.file)
      text.member("line", frame.line.map { Int64($0) })
      text.member("inline", frame.isInline)
      text.member("async", frame.isAsync)
      text.member("mangled", frame.isMangled)
      text.member("role", frame.role?.rawValue)
      text.member("trust", frame.trust.rawValue)
    }
  }
}

/// JSON that is written as it comes: a report has thousands of frames, and as values of objects they took a fifth of the
/// time of a walk.
private struct JSONText {
  private(set) var bytes: [UInt8] = []
  /// Whether the next member or element is the first of its object or array.
  private var isFirst = true

  mutating func object(_ members: (inout JSONText) -> Void) {
    bytes.append(UInt8(ascii: "{"))
    isFirst = true
    members(&self)
    bytes.append(UInt8(ascii: "}"))
    isFirst = false
  }

  private mutating func separate() {
    if !isFirst { bytes.append(UInt8(ascii: ",")) }
    isFirst = false
  }

  /// Begins a member; its value follows.
  mutating func name(_ name: String) {
    separate()
    string(name)
    bytes.append(UInt8(ascii: ":"))
  }

  mutating func string(_ text: String) { StructuredValue.appendJSON(text, to: &bytes) }

  mutating func null() { bytes.append(contentsOf: "null".utf8) }

  mutating func member<Element>(
    _ name: String, each elements: [Element], _ write: (inout JSONText, Element) -> Void
  ) {
    self.name(name)
    bytes.append(UInt8(ascii: "["))
    isFirst = true
    for element in elements {
      separate()
      write(&self, element)
    }
    bytes.append(UInt8(ascii: "]"))
    isFirst = false
  }

  mutating func member(_ name: String, _ text: String?) {
    self.name(name)
    if let text { string(text) } else { null() }
  }

  mutating func member(_ name: String, _ number: Int64?) {
    self.name(name)
    if let number { bytes.append(contentsOf: String(number).utf8) } else { null() }
  }

  mutating func member(_ name: String, _ flag: Bool) {
    self.name(name)
    bytes.append(contentsOf: (flag ? "true" : "false").utf8)
  }

  /// As a text, since numbers of JSON are doubles for many readers.
  mutating func member(_ name: String, hexadecimal number: UInt64?) {
    self.name(name)
    guard let number else { return null() }
    bytes.append(contentsOf: "\"0x".utf8)
    var shift = max(0, (63 - number.leadingZeroBitCount) & ~3)
    while shift >= 0 {
      let digit = UInt8(truncatingIfNeeded: number >> UInt64(shift) & 15)
      bytes.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
      shift -= 4
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
