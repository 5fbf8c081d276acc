// Provides the call frame instructions of DWARF, executed with checks: the way out of a frame without libunwind.
package import ProcessMemory

/// What a step towards the caller gave.
package enum StepResult {
  case caller(Registers)
  /// The frame says that it has no caller.
  case end
  case failed
}

/// Executes the call frame instructions of one frame description.
///
/// Source: DWARF 5, sections 6.4.2 and 6.4.3; `.eh_frame` as in the LSB specification.
package struct FrameInterpreter<Memory: MemoryReader> {
  /// Bytes among the instructions: rows are copied often, and hold nothing that is counted.
  private struct Expression {
    let isInCommon: Bool
    let start: Int
    let end: Int
  }
  private enum CFARule {
    case unknown
    case register(DWARFRegister, Int64)
    case expression(Expression)
  }
  private enum Rule {
    /// Nothing was said: callee-saved registers keep their value, and so does what the ABI leaves open.
    case unspecified
    case undefined
    case sameValue
    case offset(Int64)
    case valueOffset(Int64)
    case register(DWARFRegister)
    case expression(Expression)
    case valueExpression(Expression)
  }
  private struct Row {
    var cfa = CFARule.unknown
    var rules: [17 of Rule] = InlineArray(repeating: .unspecified)
  }

  private let description: FrameDescription
  private let memory: Memory
  private var row = Row()
  private var initialRow = Row()
  private var saved: [Row] = []
  private var location: UInt64

  package init(_ description: FrameDescription, memory: Memory) {
    self.description = description
    self.memory = memory
    location = description.start
  }

  /// The registers of the caller.
  ///
  /// - Parameter address: lies in the described function; rows up to it apply.
  package mutating func step(_ registers: Registers, at address: UInt64) -> StepResult {
    let common = description.common
    guard
      run(
        RecordCursor(bytes: common.instructions, address: common.instructionsAddress), until: UInt64.max,
        isInitial: true)
    else { return .failed }
    initialRow = row
    guard
      run(
        RecordCursor(bytes: description.instructions, address: description.instructionsAddress), until: address,
        isInitial: false)
    else { return .failed }
    return apply(registers)
  }

  /// - Returns: `false` when an instruction is unknown or damaged.
  private mutating func run(_ start: RecordCursor, until address: UInt64, isInitial: Bool) -> Bool {
    var cursor = start
    var steps = 0
    while !cursor.isAtEnd {
      steps += 1
      if steps > 20_000 { return false }
      guard let code = cursor.integer(UInt8.self) else { return false }
      let low = UInt64(code & 0x3f)
      switch code >> 6 {
      case 1:
        if !advance(low, until: address) { return true }
        continue
      case 2:
        guard let offset = cursor.uleb128() else { return false }
        set(low, .offset(factored(Int64(bitPattern: offset))))
        continue
      case 3:
        restore(low)
        continue
      default: break
      }
      switch code {
      case 0x00: break
      case 0x01:
        guard let target = cursor.pointer(description.common.pointerEncoding, memory: memory) else { return false }
        if target > address { return true }
        location = target
      case 0x02:
        guard let delta = cursor.integer(UInt8.self) else { return false }
        if !advance(UInt64(delta), until: address) { return true }
      case 0x03:
        guard let delta = cursor.integer(UInt16.self) else { return false }
        if !advance(UInt64(delta), until: address) { return true }
      case 0x04:
        guard let delta = cursor.integer(UInt32.self) else { return false }
        if !advance(UInt64(delta), until: address) { return true }
      case 0x05:
        guard let register = cursor.uleb128(), let offset = cursor.uleb128() else { return false }
        set(register, .offset(factored(Int64(bitPattern: offset))))
      case 0x06:
        guard let register = cursor.uleb128() else { return false }
        restore(register)
      case 0x07:
        guard let register = cursor.uleb128() else { return false }
        set(register, .undefined)
      case 0x08:
        guard let register = cursor.uleb128() else { return false }
        set(register, .sameValue)
      case 0x09:
        guard let register = cursor.uleb128(), let other = cursor.uleb128() else { return false }
        set(register, .register(DWARFRegister(other)))
      case 0x0a:
        guard saved.count < 64 else { return false }
        saved.append(row)
      case 0x0b:
        guard let last = saved.popLast() else { return false }
        row = last
      case 0x0c:
        guard let register = cursor.uleb128(), let offset = cursor.uleb128() else { return false }
        row.cfa = .register(DWARFRegister(register), Int64(bitPattern: offset))
      case 0x0d:
        guard let register = cursor.uleb128(), case .register(_, let offset) = row.cfa else { return false }
        row.cfa = .register(DWARFRegister(register), offset)
      case 0x0e:
        guard let offset = cursor.uleb128(), case .register(let register, _) = row.cfa else { return false }
        row.cfa = .register(register, Int64(bitPattern: offset))
      case 0x0f:
        guard let block = block(&cursor, isInitial) else { return false }
        row.cfa = .expression(block)
      case 0x10, 0x16:
        guard let register = cursor.uleb128(), let block = block(&cursor, isInitial) else { return false }
        set(register, code == 0x10 ? .expression(block) : .valueExpression(block))
      case 0x11:
        guard let register = cursor.uleb128(), let offset = cursor.sleb128() else { return false }
        set(register, .offset(factored(offset)))
      case 0x12:
        guard let register = cursor.uleb128(), let offset = cursor.sleb128() else { return false }
        row.cfa = .register(DWARFRegister(register), factored(offset))
      case 0x13:
        guard let offset = cursor.sleb128(), case .register(let register, _) = row.cfa else { return false }
        row.cfa = .register(register, factored(offset))
      case 0x14:
        guard let register = cursor.uleb128(), let offset = cursor.uleb128() else { return false }
        set(register, .valueOffset(factored(Int64(bitPattern: offset))))
      case 0x15:
        guard let register = cursor.uleb128(), let offset = cursor.sleb128() else { return false }
        set(register, .valueOffset(factored(offset)))
      case 0x2e:  // DW_CFA_GNU_args_size
        guard cursor.uleb128() != nil else { return false }
      case 0x2f:  // DW_CFA_GNU_negative_offset_extended
        guard let register = cursor.uleb128(), let offset = cursor.uleb128() else { return false }
        set(register, .offset(0 &- factored(Int64(bitPattern: offset))))
      default: return false
      }
    }
    return true
  }

  private func factored(_ offset: Int64) -> Int64 { offset &* description.common.dataAlignment }

  /// Moves to a later row; `false` when that one is beyond `address`.
  private mutating func advance(_ delta: UInt64, until address: UInt64) -> Bool {
    let next = location &+ delta &* description.common.codeAlignment
    if next > address || next < location { return false }
    location = next
    return true
  }

  /// Vector registers have rules as well; they are of no use here.
  private mutating func set(_ register: UInt64, _ rule: Rule) {
    if register < UInt64(Registers.count) { row.rules[Int(register)] = rule }
  }

  private mutating func restore(_ register: UInt64) {
    if register < UInt64(Registers.count) { row.rules[Int(register)] = initialRow.rules[Int(register)] }
  }

  private func block(_ cursor: inout RecordCursor, _ isInCommon: Bool) -> Expression? {
    guard let length = cursor.uleb128() else { return nil }
    let start = cursor.position
    guard cursor.skip(length) else { return nil }
    return Expression(isInCommon: isInCommon, start: start, end: cursor.position)
  }

  private func apply(_ registers: Registers) -> StepResult {
    let cfa: UInt64
    switch row.cfa {
    case .unknown: return .failed
    case .register(let register, let offset):
      guard let value = registers[register] else { return .failed }
      cfa = value &+ UInt64(bitPattern: offset)
    case .expression(let code):
      guard let value = evaluate(code, registers, initial: nil) else { return .failed }
      cfa = value
    }
    var caller = registers
    caller.stackPointer = cfa
    for number in 0..<Registers.count {
      let register = DWARFRegister(UInt64(number))
      switch row.rules[number] {
      case .unspecified, .sameValue: break
      case .undefined:
        if register == description.common.returnAddressRegister { return .end }
        caller[register] = nil
      case .offset(let offset): caller[register] = word(cfa &+ UInt64(bitPattern: offset))
      case .valueOffset(let offset): caller[register] = cfa &+ UInt64(bitPattern: offset)
      case .register(let other): caller[register] = registers[other]
      case .expression(let code): caller[register] = evaluate(code, registers, initial: cfa).flatMap { word($0) }
      case .valueExpression(let code): caller[register] = evaluate(code, registers, initial: cfa)
      }
    }
    // A frame whose return address was not saved cannot say where it returns to.
    if case .unspecified = row.rules[Int(description.common.returnAddressRegister.rawValue)] { return .failed }
    guard let target = caller[description.common.returnAddressRegister] else { return .failed }
    caller.instruction = target
    return .caller(caller)
  }

  private func word(_ address: UInt64) -> UInt64? { try? memory.readInteger(at: address, as: UInt64.self) }

  private func evaluate(_ code: Expression, _ registers: Registers, initial: UInt64?) -> UInt64? {
    let instructions = code.isInCommon ? description.common.instructions : description.instructions
    var evaluator = ExpressionEvaluator(registers: registers, memory: memory)
    return evaluator.evaluate(Array(instructions[code.start..<code.end]), initial: initial)
  }
}
