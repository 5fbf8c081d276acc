// Provides what the stacks of other processors than x86-64 look like.

/// A processor, as far as its stack can be walked without call frame information.
public struct StackArchitecture: Hashable, Sendable {
  /// Bytes of a pointer.
  let pointerSize: UInt64
  /// From the frame pointer to the saved one; `nil` where functions keep none.
  let savedFramePointer: Int64?
  /// From the frame pointer to the return address.
  let savedReturnAddress: Int64
  /// From the frame pointer to the stack pointer of the caller.
  let callerStack: Int64
  /// Whether a call leaves the return address in a register, where it stays in functions that call nothing.
  let hasLinkRegister: Bool
  /// The bits of an address; those above may hold a signature.
  let addressMask: UInt64
  /// How a call is told from other instructions; `nil` where any address in code will do.
  let callCheck: CallCheck?

  enum CallCheck: Hashable, Sendable { case x86, arm64 }

  /// Sources: the System V ABI's i386 supplement, section 2.2.2; Microsoft's x86 conventions agree.
  public static let x86 = StackArchitecture(
    pointerSize: 4, savedFramePointer: 0, savedReturnAddress: 4, callerStack: 8, hasLinkRegister: false,
    addressMask: 0xffff_ffff, callCheck: .x86)
  /// Source: "Procedure Call Standard for the Arm 64-bit Architecture", section 6.4.6.
  public static let arm64 = StackArchitecture(
    pointerSize: 8, savedFramePointer: 0, savedReturnAddress: 8, callerStack: 16, hasLinkRegister: true,
    addressMask: (1 << 48) - 1, callCheck: .arm64)
  /// Clang's layout, in which `r7` (Thumb, Apple) or `r11` points to the saved one.
  public static let arm = StackArchitecture(
    pointerSize: 4, savedFramePointer: 0, savedReturnAddress: 4, callerStack: 8, hasLinkRegister: true,
    addressMask: 0xffff_fffe, callCheck: nil)
  /// Source: RISC-V ABIs Specification, "Frame Pointer Convention".
  public static let riscv64 = StackArchitecture(
    pointerSize: 8, savedFramePointer: -16, savedReturnAddress: -8, callerStack: 0, hasLinkRegister: true,
    addressMask: (1 << 48) - 1, callCheck: nil)
  /// Any other with pointers of 64 or 32 bits: its stack is scanned.
  public static func other(is64Bit: Bool) -> StackArchitecture {
    StackArchitecture(
      pointerSize: is64Bit ? 8 : 4, savedFramePointer: nil, savedReturnAddress: 0, callerStack: 0,
      hasLinkRegister: false, addressMask: is64Bit ? .max : 0xffff_ffff, callCheck: nil)
  }
}

/// The registers that such a walk starts with.
public struct ForeignRegisters: Hashable, Sendable {
  /// The address of the instruction.
  public var instruction: UInt64
  /// The stack pointer; `nil` where it is not known.
  public var stackPointer: UInt64?
  /// The frame pointer; `nil` where it is not known.
  public var framePointer: UInt64?
  /// The return address of a function that calls nothing.
  public var link: UInt64?

  /// Registers that a walk begins with.
  public init(instruction: UInt64, stackPointer: UInt64?, framePointer: UInt64?, link: UInt64?) {
    self.instruction = instruction
    self.stackPointer = stackPointer
    self.framePointer = framePointer
    self.link = link
  }
}
