// Tests of callers found where there is no call frame information; where there is, FloodTests watch them.
import CallFrames
import LinuxSystem
import ProcessMemory
import ProcessSnapshot
import Testing

@testable import HandlerCore

/// A stack, and code of no module of which only calls are there.
private struct Scene {
  static let code: UInt64 = 0x40_0000
  static let codeSize = 0x20000
  static let stack: UInt64 = 0x7000_0000

  private var bytes = [UInt8](repeating: 0x90, count: Self.codeSize)
  private var stack: [UInt64]

  init(_ stack: [UInt64]) { self.stack = stack }

  /// An instruction that ends at an address.
  mutating func put(_ instruction: [UInt8], before end: UInt64) {
    let start = Int(end - Self.code) - instruction.count
    bytes.replaceSubrange(start..<(start + instruction.count), with: instruction)
  }

  /// The return address of the caller of a place.
  func caller(of instruction: UInt64, framePointer: UInt64 = 0) -> UInt64? {
    let memory = BytesMemoryReader(at: Self.code, bytes)
    memory.add(
      stack.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64($0 * 8)) } }, at: Self.stack)
    let mapping = MemoryMapping(
      range: AddressRange(start: Self.code, size: UInt64(Self.codeSize)), isReadable: true, isWritable: false,
      isExecutable: true, isShared: false, offset: 0, device: 1, inode: 1, name: "/program")
    let chain = CallChain(
      memory: CachingMemoryReader(memory), map: MemoryMap([mapping]), modules: [], is64Bit: true)
    var registers = Registers()
    registers.instruction = instruction
    registers.stackPointer = Self.stack
    registers.framePointer = framePointer
    return chain.caller(of: CallChain.Place(registers: registers, isExact: true))?.registers.instruction
  }
}

@Suite struct `The caller of a place without call frame information` {
  private let place = Scene.code + 0x2000
  // What calls return to.
  private let near = Scene.code + 0x8000
  private let far = Scene.code + 0x9000

  private func scene(_ stack: [UInt64]) -> Scene {
    var scene = Scene(stack)
    for address in [near, far] { scene.put([0xff, 0xd0], before: address) }
    return scene
  }

  @Test func `is what the frame pointer says`() {
    let scene = scene([near, 0, 0, 0, far])
    #expect(scene.caller(of: place, framePointer: Scene.stack + 24) == far)
  }

  @Test(arguments: [0, Scene.stack + 16, Scene.stack - 8, .max] as [UInt64])
  func `is the next word that follows a call where the frame pointer leads to none`(framePointer: UInt64) {
    let scene = scene([1, place, near, 0, far])
    #expect(scene.caller(of: place, framePointer: framePointer) == near)
  }

  @Test func `of a call to where no code is lies on top of the stack`() {
    #expect(scene([near, 0, 0, 0, far]).caller(of: 0, framePointer: Scene.stack + 24) == near)
    #expect(scene([1, near]).caller(of: 0) == nil)
  }

  @Test func `is none where no word of the stack follows a call`() {
    #expect(scene([place, 5, .max]).caller(of: place) == nil)
    #expect(scene([]).caller(of: .max) == nil)
  }
}
