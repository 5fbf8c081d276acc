// Provides a walk for people.
internal import LinuxSystem
internal import StackWalk

extension WalkReport {
  /// The crash, then the threads, the crashed one first.
  func text(colored: Bool) -> String {
    let style = Style(isColored: colored)
    var lines: [String] = []
    if let crash { lines.append(style.alarm("Crash: \(printable(reason(of: crash)))")) }
    if let message {
      for line in message.split(separator: "\n") { lines.append("       " + style.strong(printable(String(line)))) }
    }
    for thread in threads {
      if !lines.isEmpty { lines.append("") }
      let name = thread.name.map { " \"\(printable($0))\"" } ?? ""
      lines.append(style.strong("Thread \(thread.id)\(name)\(thread.isCrashed ? " crashed:" : ":")"))
      lines += frames(of: thread.stack, style)
    }
    if !problems.isEmpty { lines.append("") }
    lines += problems.map { style.faint("note: \(printable($0))") }
    return lines.joined(separator: "\n") + "\n"
  }

  private func frames(of stack: SymbolizedStack, _ style: Style) -> [String] {
    var lines: [String] = []
    var number = 0
    var index = 0
    while index < stack.frames.count {
      let frame = stack.frames[index]
      let text = "#\(number)"
      lines.append(text + String(repeating: " ", count: max(1, 5 - text.utf8.count)) + line(frame, style))
      // A recursion shows its first frame and how many follow.
      var limit = index <= stack.elidedAfter && stack.elidedCount > 0 ? stack.elidedAfter + 1 : stack.frames.count
      if let gap = stack.gap, index <= gap.after { limit = min(limit, gap.after + 1) }
      var next = index + 1
      while next < limit, stack.frames[next].instruction == frame.instruction, !frame.isInline,
        !stack.frames[next].isInline
      { next += 1 }
      if next - index > 4 {
        lines.append("     … \(next - index - 1) times more …")
        number += next - index - 1
        index = next - 1
      }
      if index == stack.elidedAfter, stack.elidedCount > 0 {
        lines.append("     … \(stack.elidedCount) frames left out …")
        number += stack.elidedCount
      }
      if let gap = stack.gap, gap.after == index {
        lines.append("     … \(gap.bytes) bytes of the stack are not in the dump, with any number of frames …")
      }
      number += 1
      index += 1
    }
    if lines.isEmpty { lines.append("     no frames: the dump has no registers of this thread") }
    switch stack.end {
    case .frameLimit: lines.append("     … more frames than the limit")
    case .deadline: lines.append("     … no time for more frames")
    case .complete, .lost: break
    }
    return lines
  }

  private func line(_ frame: SymbolizedFrame, _ style: Style) -> String {
    let digits = String(frame.instruction, radix: 16)
    var text = style.faint("0x" + String(repeating: "0", count: max(0, 16 - digits.utf8.count)) + digits) + " "
    if let symbol = frame.symbol {
      text += style.name(printable(symbol))
      if let offset = frame.symbolOffset, frame.rawSymbol != nil { text += " + \(offset)" }
    } else if frame.module != nil {
      text += "+0x\(String(frame.moduleOffset ?? 0, radix: 16))"
    } else {
      text += "unknown"
    }
    if let module = frame.module {
      text += style.faint(" (\(printable(String(decoding: module.lastComponent, as: UTF8.self))))")
    }
    if let file = frame.file { text += " at \(printable(file))" + (frame.line.map { ":\($0)" } ?? "") }
    var notes: [String] = []
    if frame.isInline { notes.append("inlined") }
    if frame.isMangled { notes.append("mangled") }
    switch frame.role {
    case .thunk: notes.append("thunk")
    case .runtime: notes.append("runtime")
    case .failure, nil: break
    }
    switch frame.trust {
    case .scan: notes.append("guessed")
    case .async: notes.append("async caller")
    case .context, .cfi, .framePointer: break
    }
    return notes.isEmpty ? text : text + style.faint(" [\(notes.joined(separator: ", "))]")
  }

  /// Names come out of foreign files: nothing of them may move the cursor of a terminal.
  private func printable(_ text: String) -> String {
    String(
      String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 32 || (127..<160).contains($0.value) ? "?" : $0 }))
  }
}

private struct Style {
  let isColored: Bool
  private func wrap(_ text: String, _ code: String) -> String { isColored ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text }
  func alarm(_ text: String) -> String { wrap(text, "1;31") }
  func strong(_ text: String) -> String { wrap(text, "1") }
  func name(_ text: String) -> String { wrap(text, "36") }
  func faint(_ text: String) -> String { wrap(text, "2") }
}
