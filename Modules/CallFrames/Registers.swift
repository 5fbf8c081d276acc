// Provides the general registers of an x86-64 thread.

/// The registers that unwinding needs, by their DWARF numbers.
///
/// Source: System V ABI, AMD64 supplement, figure 3.36 (register number mapping).
public struct Registers: Hashable, Sendable {
  /// How many there are: DWARF 0 to 15 and the return address, 16.
  public static let count = 17

  private var values: [17 of UInt64]
  /// A bit for each register whose value is known.
  private var known: UInt32

  /// No register is known.
  public init() {
    values = InlineArray(repeating: 0)
    known = 0
  }

  /// The register with a DWARF number. `nil` when its value is unknown or there is no such register; setting one that
  /// does not exist does nothing.
  public subscript(_ register: DWARFRegister) -> UInt64? {
    get {
      guard register.rawValue < 17, known & (1 << UInt32(register.rawValue)) != 0 else { return nil }
      return values[Int(register.rawValue)]
    }
    set {
      guard register.rawValue < 17 else { return }
      if let newValue {
        values[Int(register.rawValue)] = newValue
        known |= 1 << UInt32(register.rawValue)
      } else {
        known &= ~(1 << UInt32(register.rawValue))
      }
    }
  }

  /// The address of the instruction: `rip`.
  public var instruction: UInt64? {
    get { self[.rip] }
    set { self[.rip] = newValue }
  }
  /// `rsp`.
  public var stackPointer: UInt64? {
    get { self[.rsp] }
    set { self[.rsp] = newValue }
  }
  /// `rbp`.
  public var framePointer: UInt64? {
    get { self[.rbp] }
    set { self[.rbp] = newValue }
  }

  public static func == (left: Registers, right: Registers) -> Bool {
    for number in UInt64(0)..<17 where left[DWARFRegister(number)] != right[DWARFRegister(number)] { return false }
    return true
  }

  public func hash(into hasher: inout Hasher) {
    for number in UInt64(0)..<17 { hasher.combine(self[DWARFRegister(number)]) }
  }
}

/// The number of a register in call frame information.
public struct DWARFRegister: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }
  /// The register of this number, which need not be one that ``Registers`` holds.
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// Result of a call; the caller keeps it.
  public static let rax = DWARFRegister(0)
  /// Third argument, and second half of a result; the caller keeps it.
  public static let rdx = DWARFRegister(1)
  /// Fourth argument; the caller keeps it.
  public static let rcx = DWARFRegister(2)
  /// Kept by the called function.
  public static let rbx = DWARFRegister(3)
  /// Second argument; the caller keeps it.
  public static let rsi = DWARFRegister(4)
  /// First argument; the caller keeps it.
  public static let rdi = DWARFRegister(5)
  /// The frame pointer, where there is one; kept by the called function.
  public static let rbp = DWARFRegister(6)
  /// The stack pointer: at the return, the address above the return address.
  public static let rsp = DWARFRegister(7)
  /// Fifth argument; the caller keeps it.
  public static let r8 = DWARFRegister(8)
  /// Sixth argument; the caller keeps it.
  public static let r9 = DWARFRegister(9)
  /// The static chain of nested functions; the caller keeps it.
  public static let r10 = DWARFRegister(10)
  /// Scratch; the caller keeps it.
  public static let r11 = DWARFRegister(11)
  /// Kept by the called function; the error in Swift, which is handed on in it.
  public static let r12 = DWARFRegister(12)
  /// Kept by the called function; `self` of a Swift method.
  public static let r13 = DWARFRegister(13)
  /// Kept by the called function; the asynchronous context in Swift.
  public static let r14 = DWARFRegister(14)
  /// Kept by the called function.
  public static let r15 = DWARFRegister(15)
  /// The return address, which is no register of its own in call frame information.
  public static let rip = DWARFRegister(16)
}
