// Provides the fuzz target of stack walking: registers, stacks, unwind tables and code of somebody else's process.
import LinuxSystem
@testable import StackWalk

/// An input is eight words of registers and then all memory of the process, which one module covers.
let stackWalk = FuzzTarget(
  name: "stack-walk",
  seeds: {
    var input: [UInt8] = []
    let stack = ImageSeed.base + 0xd00
    for value: UInt64 in [ImageSeed.base + 0xc10, stack, stack + 64, stack, 0, 0, 0, 0] { input.append(value) }
    var image = ImageSeed.image()
    // Return addresses behind calls, for each way to find one.
    for offset in stride(from: 0xc00, to: 0xc40, by: 5) { image.put(UInt8(0xe8), at: offset) }
    for offset in stride(from: 0xd00, to: 0xe00, by: 16) {
      image.put(ImageSeed.base + UInt64(offset) + 32, at: offset)
      image.put(ImageSeed.base + 0xc0a, at: offset + 8)
    }
    return [("frames", input + image)]
  },
  body: { bytes in
    var input = FuzzInput(bytes)
    var registers = Registers()
    for register in [DWARFRegister.rip, .rsp, .rbp, .rbx, .rax, .rcx] { registers[register] = input.next() }
    registers[DWARFRegister(14)] = input.next()
    let flags: UInt64 = input.next()
    let memory = FuzzMemory(input.rest, at: flags & 1 == 0 ? ImageSeed.base : .max)
    var options = StackWalker.Options()
    options.usesLocalFiles = false
    // A C library on hostile memory: that is why walking has a process of its own. Here our own code is tried.
    options.usesLibunwind = false
    options.usesCallFrameInformation = flags & 2 == 0
    options.usesFramePointers = flags & 4 == 0
    options.frameLimit = 2000
    let module = CodeModule(
      base: memory.base &+ (flags >> 32 & 0xfff), size: memory.range.size &- (flags >> 48), path: "/bin/program",
      buildID: [])
    let walker = StackWalker(memory: memory, modules: [module], options: options)
    let stack = walker.walk(registers)
    precondition(stack.frames.count <= 2 * (options.framesKeptFirst + options.framesKeptLast))
    use(walker.symbolize(stack))
    let architectures: [StackArchitecture] = [
      .x86, .arm64, .arm, .riscv64, .other(is64Bit: true), .other(is64Bit: false),
    ]
    let foreign = ForeignRegisters(
      instruction: registers.instruction ?? 0, stackPointer: registers.stackPointer,
      framePointer: registers.framePointer, link: registers[.rbx])
    let other = walker.walk(foreign, on: architectures[Int(flags >> 8 & 0xff) % architectures.count])
    precondition(other.frames.count <= 2 * (options.framesKeptFirst + options.framesKeptLast))
    use(walker.symbolize(other))
    // Names as well: they come from symbol tables.
    let name = String(decoding: input.rest.prefix(64).prefix { $0 != 0 }, as: UTF8.self)
    use(Demangler.demangle(name))
    use(Demangler.displayName(name))
    // Our own demangler gets more than what looks like its names.
    let whole = Array(input.rest.prefix(512))
    use(RustName.demangle(Array("_R".utf8) + whole))
    use(RustLegacyName.demangle(Array("_ZN".utf8) + whole))
    use(Punycode.decode(whole))
  })
