// Provides the way back: from a dump to a snapshot.
internal import LinuxSystem
public import MinidumpFormat
internal import ProcessMemory
public import ProcessSnapshot

extension ProcessSnapshot {
  /// What a dump says of a process, for whoever looks at processes whether they live or not. Of a dump from another
  /// system or processor, what has the same meaning here.
  public init(_ dump: MinidumpReader) {
    self.init(
      processID: Int32(bitPattern: dump.miscInfo?.processID ?? 0),
      timestamp: Timestamp(seconds: Int64(dump.header.timestamp)),
      is64Bit: dump.systemInfo?.architecture != .x86)
    for thread in dump.threads ?? [] {
      guard let context = thread.context.flatMap({ CPUContext($0, threadPointer: thread.teb) }) else { continue }
      var result = ThreadSnapshot(threadID: Int32(bitPattern: thread.id), context: context)
      if let name = dump.threadNames?.first(where: { $0.threadID == thread.id })?.name {
        result.name = Array(name.utf8)
      }
      if let stack = thread.stack, stack.size > 0 {
        let range = AddressRange(start: stack.start, size: stack.size)
        result.stack = StackRegion(whole: range, kept: range, isOverflow: false)
      }
      threads.append(result)
    }
    modules = (dump.modules ?? []).map { ModuleSnapshot($0) }
    exception = dump.exception.map { ExceptionSnapshot($0) }
    if let maps = dump.streamBytes(.linuxMaps), case .parsed(let parsed) = MemoryMap.parse(Array(maps)) { map = parsed }
    softErrors += dump.softErrors.map { SoftError("dump", "\($0)") }
  }
}

extension ModuleSnapshot {
  init(_ module: MinidumpModule) {
    var buildID: [UInt8] = []
    if case .elfBuildID(let bytes)? = module.codeView { buildID = bytes }
    let range = AddressRange(start: module.base, size: UInt64(module.size))
    let kind: Kind = module.version?.fileType == 1 ? .executable : .sharedLibrary
    self.init(
      kind: kind, range: range, loadBias: range.start, path: FilePath(module.name), buildID: buildID,
      headerAddress: range.start)
  }
}

extension ExceptionSnapshot {
  init(_ exception: MinidumpException) {
    let thread = Int32(bitPattern: exception.threadID)
    self.init(
      threadID: thread, claimedThreadID: thread,
      signal: SignalInformation(signal: Int32(bitPattern: exception.code), code: Int32(bitPattern: exception.flags)),
      address: exception.address, parameters: exception.parameters,
      context: exception.context.flatMap { CPUContext($0, threadPointer: 0) })
  }
}

extension CPUContext {
  /// Of x86-64 and x86; `nil` for other processors.
  init?(_ context: MinidumpContext, threadPointer: UInt64) {
    var registers = GeneralRegisters()
    switch context {
    case .amd64(let source):
      registers.rax = source.rax
      registers.rbx = source.rbx
      registers.rcx = source.rcx
      registers.rdx = source.rdx
      registers.rsi = source.rsi
      registers.rdi = source.rdi
      registers.rbp = source.rbp
      registers.rsp = source.rsp
      registers.r8 = source.r8
      registers.r9 = source.r9
      registers.r10 = source.r10
      registers.r11 = source.r11
      registers.r12 = source.r12
      registers.r13 = source.r13
      registers.r14 = source.r14
      registers.r15 = source.r15
      registers.rip = source.rip
      registers.rflags = UInt64(source.eflags)
      registers.cs = UInt64(source.cs)
      registers.ss = UInt64(source.ss)
      registers.fsBase = threadPointer
      self.init(general: registers, floatingPoint: source.fxsave)
    case .x86(let source):
      registers.rax = UInt64(source.eax)
      registers.rbx = UInt64(source.ebx)
      registers.rcx = UInt64(source.ecx)
      registers.rdx = UInt64(source.edx)
      registers.rsi = UInt64(source.esi)
      registers.rdi = UInt64(source.edi)
      registers.rbp = UInt64(source.ebp)
      registers.rsp = UInt64(source.esp)
      registers.rip = UInt64(source.eip)
      registers.rflags = UInt64(source.eflags)
      registers.cs = UInt64(source.cs)
      registers.ss = UInt64(source.ss)
      registers.gsBase = threadPointer
      self.init(general: registers, floatingPoint: source.fxsave, is64Bit: false)
    default:
      return nil
    }
  }
}
