// Provides the program that the kernel runs at every system call of a confined process.

/// A program of classic BPF over `struct seccomp_data`: what is listed is allowed, and what is not listed does not exist.
///
/// A call that is not listed fails with ENOSYS, as on a kernel that is too old for it: libraries know how to go on
/// without. Nothing is killed. Source: `seccomp(2)`, `linux/filter.h`, `linux/seccomp.h`.
public struct FilterProgram: Sendable {
  /// Instructions as `struct sock_filter`: code, jump if true, jump if false, operand in the order of their bytes.
  public private(set) var instructions: [UInt64] = []

  private static let allow: UInt32 = 0x7fff_0000
  private static let fail: UInt32 = 0x0005_0000
  private static let notSupported: UInt16 = 38

  // Offsets in struct seccomp_data.
  private static let numberOffset: UInt32 = 0
  private static let architectureOffset: UInt32 = 4
  private static func argumentOffset(_ index: UInt32) -> UInt32 { 16 + 8 * index }

  // BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_{JEQ,JGT,JGE,JSET} | BPF_K, BPF_RET | BPF_K.
  private static let load: UInt16 = 0x20
  private static let jumpIfEqual: UInt16 = 0x15
  private static let jumpIfGreater: UInt16 = 0x25
  private static let jumpIfNotLess: UInt16 = 0x35
  private static let jumpIfAnySet: UInt16 = 0x45
  private static let end: UInt16 = 0x06

  /// The program of a role on one architecture.
  public init(_ role: Sandbox.Role, _ architecture: Sandbox.Architecture) {
    var numbers: [UInt32] = []
    var conditions: [(number: UInt32, condition: SystemCall.Condition)] = []
    for call in SystemCall.table where call.users.contains(role) {
      let number = architecture == .x86_64 ? call.x86_64 : call.aarch64
      if number < 0 { continue }
      if let condition = call.condition(role) {
        conditions.append((UInt32(number), condition))
      } else {
        numbers.append(UInt32(number))
      }
    }
    // A process can make calls of another architecture, whose numbers mean something else: i386 on x86-64.
    append(Self.load, Self.architectureOffset)
    append(Self.jumpIfEqual, architecture.rawValue, ifTrue: 1)
    append(Self.end, Self.fail | UInt32(Self.notSupported))
    append(Self.load, Self.numberOffset)
    for range in Self.ranges(numbers) { append(range) }
    for (number, condition) in conditions { append(number, condition) }
    append(Self.end, Self.fail | UInt32(Self.notSupported))
  }

  private static func ranges(_ numbers: [UInt32]) -> [ClosedRange<UInt32>] {
    var result: [ClosedRange<UInt32>] = []
    for number in numbers.sorted() {
      if let last = result.last, last.upperBound &+ 1 >= number {
        result[result.count - 1] = last.lowerBound...max(last.upperBound, number)
      } else {
        result.append(number...number)
      }
    }
    return result
  }

  private mutating func append(_ code: UInt16, _ operand: UInt32, ifTrue: UInt8 = 0, ifFalse: UInt8 = 0) {
    instructions.append(
      UInt64(code) | UInt64(ifTrue) << 16 | UInt64(ifFalse) << 24 | UInt64(operand) << 32)
  }

  private mutating func append(_ range: ClosedRange<UInt32>) {
    if range.count == 1 {
      append(Self.jumpIfEqual, range.lowerBound, ifFalse: 1)
    } else {
      append(Self.jumpIfNotLess, range.lowerBound, ifFalse: 2)
      append(Self.jumpIfGreater, range.upperBound, ifTrue: 1)
    }
    append(Self.end, Self.allow)
  }

  /// The lower half of an argument is all that the kernel looks at in those that have conditions.
  private mutating func append(_ number: UInt32, _ condition: SystemCall.Condition) {
    let refusal = Self.fail | UInt32(condition.failure)
    let argument = Self.argumentOffset(condition.argument)
    switch condition.kind {
    case .oneOf(let values):
      append(Self.jumpIfEqual, number, ifFalse: UInt8(values.count + 3))
      append(Self.load, argument)
      for (index, value) in values.enumerated() {
        append(Self.jumpIfEqual, value, ifTrue: UInt8(values.count - index))
      }
      append(Self.end, refusal)
      append(Self.end, Self.allow)
    case .noneOf(let bits):
      append(Self.jumpIfEqual, number, ifFalse: 4)
      append(Self.load, argument)
      append(Self.jumpIfAnySet, bits, ifFalse: 1)
      append(Self.end, refusal)
      append(Self.end, Self.allow)
    }
  }
}
