// Provides the fuzz target of the crashed process's memory: images, the loader's list, records, messages.
@testable import ELFImage
import LinuxSystem
import ProcessMemory
@testable import ProcessSnapshot

/// An input is four words (where the program headers, the exception information and a message slot are, and what the
/// process is like) and then all memory of the process.
let clientMemory = FuzzTarget(
  name: "client-memory",
  seeds: {
    var input: [UInt8] = []
    input.append(ImageSeed.base + 64)
    input.append(ImageSeed.base + UInt64(ImageSeed.record))
    input.append(ImageSeed.base + UInt64(ImageSeed.message))
    input.append(UInt64(0))
    return [("image", input + ImageSeed.image())]
  },
  body: { bytes in
    var input = FuzzInput(bytes)
    let programHeaders: UInt64 = input.next()
    let information: UInt64 = input.next()
    let slot: UInt64 = input.next()
    let flags: UInt64 = input.next()
    let is64Bit = flags & 1 == 0
    // At the very end of the address space sums overflow.
    let memory = FuzzMemory(input.rest, at: flags & 2 == 0 ? ImageSeed.base : .max)
    let reader = CachingMemoryReader(memory, capacity: 4)

    if let image = try? ELFImage(reader, headerAddress: memory.base) {
      use(image.buildID)
      use(image.soname)
      for name in ["__abort_msg", "swift_getFatalErrorMessageBuffer"] { use(image.symbol(named: name)) }
      use(image.note(named: "Crashpad", type: 0x4f50_5243, limit: 4096))
    }
    let mapping = MemoryMapping(
      range: memory.range, isReadable: true, isWritable: false, isExecutable: true, isShared: false, offset: 0,
      device: 8 << 32 | 1, inode: 7, name: "/bin/program")
    let map = MemoryMap([mapping])
    var vector: [UInt8] = []
    for (type, value) in [(AuxiliaryVector.programHeaders, programHeaders), (AuxiliaryVector.interpreterBase, slot)] {
      if is64Bit {
        vector.append(type)
        vector.append(value)
      } else {
        vector.append(UInt32(truncatingIfNeeded: type))
        vector.append(UInt32(truncatingIfNeeded: value))
      }
    }
    var limits = CaptureLimits()
    limits.modules = 64
    var discovery = ModuleDiscovery(memory: reader, map: map, auxiliary: vector, is64Bit: is64Bit, limits: limits)
    use(discovery.run())
    precondition(discovery.modules.count <= 64)
    for (module, place) in discovery.clients {
      precondition(discovery.modules.indices.contains(module))
      use(CrashpadInfo(place, memory: reader))
    }
    let message = FatalMessage(memory: reader, modules: discovery.modules, is64Bit: is64Bit, limit: 512)
    use(message.find(slot: slot, exception: nil))
    var reading = ExceptionReading(memory: reader, process: 0, threads: [], stacks: [], is64Bit: is64Bit)
    let exception = reading.read(ExceptionRequest(informationAddress: information, stackAddress: slot))
    use(exception?.context?.general.pointers)
    use(SignalContext.read(reader, at: slot, is64Bit: !is64Bit))
  })
