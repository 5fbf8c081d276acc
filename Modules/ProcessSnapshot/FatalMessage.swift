// Provides the last words of a process: what the Swift runtime or libc printed before they gave up.
internal import CLinuxShims
internal import ELFImage
internal import LinuxSystem
internal import ProcessMemory

/// Finds the text of a fatal error in the memory of a process.
struct FatalMessage {
  let memory: any MemoryReader
  let modules: [ModuleSnapshot]
  let is64Bit: Bool
  let limit: Int

  /// - Parameters:
  ///   - slot: of the pointer to the Swift runtime's message, as the process told it; 0 when it did not.
  ///   - exception: the crash. Whoever gives up ends by `abort` or a trap; other crashes have no last words, which
  ///     would be searched for in vain while the process stands still. `nil`: not known.
  func find(slot: UInt64, exception: ExceptionSnapshot?) -> [UInt8]? {
    if slot != 0, let text = text(at: pointer(at: slot)) { return text }
    if exception?.isSimulated == true { return nil }
    let signal = exception?.signal.signal
    let mayBeRuntime = signal == nil || signal == SIGABRT || signal == SIGILL || signal == SIGTRAP
    if mayBeRuntime, let text = runtimeMessage() { return text }
    return signal == nil || signal == SIGABRT ? abortMessage() : nil
  }

  /// The Swift runtime's message without the client's help. The function that gives the slot away consists of
  /// `lea slot(%rip), %rax`, with or without a frame; anything else is left alone.
  private func runtimeMessage() -> [UInt8]? {
    for module in modules
    where is64Bit && (module.kind == .executable || isNamed(module, "libswiftCore.so")) {
      guard let image = try? ELFImage(memory, headerAddress: module.headerAddress),
        let symbol = image.symbol(named: "swift_getFatalErrorMessageBuffer")
      else { continue }
      var code = memory.readAvailable(at: symbol.address, count: 16)[...]
      var address = symbol.address
      if code.starts(with: [0x55, 0x48, 0x89, 0xe5]) {
        code = code.dropFirst(4)
        address = address &+ 4
      }
      guard code.starts(with: [0x48, 0x8d, 0x05]), let distance: Int32 = Array(code).littleEndian(at: 3) else {
        continue
      }
      let slot = address &+ 7 &+ UInt64(bitPattern: Int64(distance))
      if image.range.contains(slot), let text = text(at: pointer(at: slot)) { return text }
    }
    return nil
  }

  /// libc keeps what it printed before abort (assert, heap corruption, stack smashing) for debuggers: a pointer to
  /// {u32 size of the mapping, text}. Source: glibc's `__abort_msg`, GLIBC_PRIVATE.
  private func abortMessage() -> [UInt8]? {
    // The file was called libc-2.31.so and the like before glibc 2.34.
    for module in modules where isNamed(module, "libc.so") || isNamed(module, "libc-2.") {
      guard let image = try? ELFImage(memory, headerAddress: module.headerAddress),
        let symbol = image.symbol(named: "__abort_msg"), let record = pointer(at: symbol.address), record != 0
      else { continue }
      return text(at: record &+ 4)
    }
    return nil
  }

  private func isNamed(_ module: ModuleSnapshot, _ beginning: StaticString) -> Bool {
    let name = UnsafeBufferPointer(start: beginning.utf8Start, count: beginning.utf8CodeUnitCount)
    return module.path.lastComponent.starts(with: name) || module.soname.starts(with: name)
  }

  private func pointer(at address: UInt64) -> UInt64? {
    try? memory.readPointer(at: address, is64Bit: is64Bit)
  }

  /// Cut at the limit rather than lost; `nil` for an empty text.
  private func text(at address: UInt64?) -> [UInt8]? {
    guard let address, address != 0 else { return nil }
    // The text may end right before memory that cannot be read.
    var text = memory.readAvailable(at: address, count: limit)
    if let end = text.firstIndex(of: 0) { text.removeSubrange(end...) }
    return text.isEmpty ? nil : text
  }
}
