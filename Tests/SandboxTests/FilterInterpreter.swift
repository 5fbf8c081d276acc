// Provides the kernel's side of a filter: what a program says to a call.
@testable import Sandbox

/// Runs programs of classic BPF as `net/core/filter.c` does, for the instructions that filters of system calls may have.
struct FilterInterpreter {
  enum Answer: Equatable {
    case allowed
    case failed(UInt16)
    /// The program is wrong: the kernel would not take it.
    case broken(String)
  }

  let program: FilterProgram

  func answer(_ number: UInt32, _ arguments: [UInt64] = [], architecture: UInt32) -> Answer {
    var data: [UInt32] = [number, architecture, 0, 0]
    for index in 0..<6 {
      let argument = index < arguments.count ? arguments[index] : 0
      data += [UInt32(truncatingIfNeeded: argument), UInt32(truncatingIfNeeded: argument >> 32)]
    }
    var accumulator: UInt32 = 0
    var position = 0
    while position < program.instructions.count {
      let word = program.instructions[position]
      let operand = UInt32(word >> 32)
      let yes = Int(word >> 16 & 0xff)
      let no = Int(word >> 24 & 0xff)
      position += 1
      switch word & 0xffff {
      case 0x20:
        guard operand % 4 == 0, operand / 4 < data.count else { return .broken("load of \(operand)") }
        accumulator = data[Int(operand / 4)]
      case 0x15: position += accumulator == operand ? yes : no
      case 0x25: position += accumulator > operand ? yes : no
      case 0x35: position += accumulator >= operand ? yes : no
      case 0x45: position += accumulator & operand != 0 ? yes : no
      case 0x06:
        if operand == 0x7fff_0000 { return .allowed }
        return operand >> 16 == 5 ? .failed(UInt16(truncatingIfNeeded: operand)) : .broken("action \(operand)")
      default: return .broken("instruction \(word)")
      }
    }
    return .broken("no end")
  }
}
