// Provides the evaluation of DWARF expressions as they occur in call frame information.
internal import ProcessMemory

/// A stack machine over 64-bit words. Bounded in stack depth and steps; anything unknown gives `nil`.
///
/// Source: DWARF 5, section 2.5.1 (what needs no debug information).
struct ExpressionEvaluator<Memory: MemoryReader> {
  private let registers: Registers
  private let memory: Memory
  private var stack: [UInt64] = []

  init(registers: Registers, memory: Memory) {
    self.registers = registers
    self.memory = memory
  }

  /// - Parameter initial: lies on the stack at the start, as rules for registers want it.
  mutating func evaluate(_ code: [UInt8], initial: UInt64?) -> UInt64? {
    stack = initial.map { [$0] } ?? []
    var cursor = RecordCursor(bytes: code, address: 0)
    var steps = 0
    while !cursor.isAtEnd {
      steps += 1
      guard steps <= 10_000, stack.count <= 128, let operation = cursor.integer(UInt8.self),
        execute(operation, &cursor)
      else { return nil }
    }
    return stack.last
  }

  private mutating func push(_ value: UInt64?) -> Bool {
    guard let value else { return false }
    stack.append(value)
    return true
  }

  private mutating func binary(_ body: (UInt64, UInt64) -> UInt64?) -> Bool {
    guard let right = stack.popLast(), let left = stack.popLast() else { return false }
    return push(body(left, right))
  }

  private mutating func unary(_ body: (UInt64) -> UInt64?) -> Bool {
    guard let value = stack.popLast() else { return false }
    return push(body(value))
  }

  private mutating func compare(_ body: (Int64, Int64) -> Bool) -> Bool {
    binary { body(Int64(bitPattern: $0), Int64(bitPattern: $1)) ? 1 : 0 }
  }

  private mutating func dereference(_ size: UInt8) -> Bool {
    guard let address = stack.popLast() else { return false }
    return push(load(address, size))
  }

  private func pick(_ depth: Int) -> UInt64? { depth < stack.count ? stack[stack.count - 1 - depth] : nil }

  private func load(_ address: UInt64, _ size: UInt8) -> UInt64? {
    switch size {
    case 1: return (try? memory.readInteger(at: address, as: UInt8.self)).map(UInt64.init)
    case 2: return (try? memory.readInteger(at: address, as: UInt16.self)).map(UInt64.init)
    case 4: return (try? memory.readInteger(at: address, as: UInt32.self)).map(UInt64.init)
    case 8: return try? memory.readInteger(at: address, as: UInt64.self)
    default: return nil
    }
  }

  private mutating func execute(_ operation: UInt8, _ cursor: inout RecordCursor) -> Bool {
    switch operation {
    case 0x03, 0x0e: return push(cursor.integer(UInt64.self))
    case 0x08: return push(cursor.integer(UInt8.self).map(UInt64.init))
    case 0x09: return push(cursor.integer(Int8.self).map { UInt64(bitPattern: Int64($0)) })
    case 0x0a: return push(cursor.integer(UInt16.self).map(UInt64.init))
    case 0x0b: return push(cursor.integer(Int16.self).map { UInt64(bitPattern: Int64($0)) })
    case 0x0c: return push(cursor.integer(UInt32.self).map(UInt64.init))
    case 0x0d: return push(cursor.integer(Int32.self).map { UInt64(bitPattern: Int64($0)) })
    case 0x0f: return push(cursor.integer(UInt64.self))
    case 0x10: return push(cursor.uleb128())
    case 0x11: return push(cursor.sleb128().map { UInt64(bitPattern: $0) })
    case 0x12: return push(stack.last)
    case 0x13: return stack.popLast() != nil
    case 0x14: return push(pick(1))
    case 0x15: return push(cursor.integer(UInt8.self).flatMap { pick(Int($0)) })
    case 0x16:
      guard stack.count >= 2 else { return false }
      stack.swapAt(stack.count - 1, stack.count - 2)
      return true
    case 0x17:
      guard stack.count >= 3 else { return false }
      let top = stack.removeLast()
      stack.insert(top, at: stack.count - 2)
      return true
    case 0x06: return dereference(8)
    case 0x94:
      guard let size = cursor.integer(UInt8.self) else { return false }
      return dereference(size)
    case 0x19: return unary { Int64(bitPattern: $0) < 0 ? 0 &- $0 : $0 }
    case 0x1a: return binary { $0 & $1 }
    case 0x1b:
      return binary { left, right in
        let (dividend, divisor) = (Int64(bitPattern: left), Int64(bitPattern: right))
        let (quotient, overflow) = dividend.dividedReportingOverflow(by: divisor)
        return overflow ? nil : UInt64(bitPattern: quotient)
      }
    case 0x1c: return binary { $0 &- $1 }
    case 0x1d: return binary { $1 == 0 ? nil : $0 % $1 }
    case 0x1e: return binary { $0 &* $1 }
    case 0x1f: return unary { 0 &- $0 }
    case 0x20: return unary { ~$0 }
    case 0x21: return binary { $0 | $1 }
    case 0x22: return binary { $0 &+ $1 }
    case 0x23:
      guard let offset = cursor.uleb128() else { return false }
      return unary { $0 &+ offset }
    // `<<` and `>>` of Swift give 0 (or the sign) for counts beyond the width, as DWARF wants.
    case 0x24: return binary { $0 << $1 }
    case 0x25: return binary { $0 >> $1 }
    case 0x26: return binary { UInt64(bitPattern: Int64(bitPattern: $0) >> $1) }
    case 0x27: return binary { $0 ^ $1 }
    case 0x28:
      guard let offset = cursor.integer(Int16.self), let condition = stack.popLast() else { return false }
      return condition == 0 || jump(Int(offset), &cursor)
    case 0x29: return compare { $0 == $1 }
    case 0x2a: return compare { $0 >= $1 }
    case 0x2b: return compare { $0 > $1 }
    case 0x2c: return compare { $0 <= $1 }
    case 0x2d: return compare { $0 < $1 }
    case 0x2e: return compare { $0 != $1 }
    case 0x2f:
      guard let offset = cursor.integer(Int16.self) else { return false }
      return jump(Int(offset), &cursor)
    case 0x30...0x4f: return push(UInt64(operation - 0x30))
    case 0x70...0x8f:
      guard let offset = cursor.sleb128() else { return false }
      return push(registers[DWARFRegister(UInt64(operation - 0x70))].map { $0 &+ UInt64(bitPattern: offset) })
    case 0x92:
      guard let register = cursor.uleb128(), let offset = cursor.sleb128() else { return false }
      return push(registers[DWARFRegister(register)].map { $0 &+ UInt64(bitPattern: offset) })
    case 0x96: return true
    default: return false
    }
  }

  private func jump(_ offset: Int, _ cursor: inout RecordCursor) -> Bool {
    let target = cursor.position + offset
    guard target >= 0, target <= cursor.bytes.count else { return false }
    cursor.position = target
    return true
  }
}
