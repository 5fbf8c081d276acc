// Provides the sanitized form of a snapshot.
public import ProcessMemory

extension ProcessSnapshot {
  /// The name of the annotation that carries `fatalMessage`, for the rules of a sanitized report too.
  public static let fatalMessageName = "swift.fatal_message"

  /// Takes out what the rules do not allow: annotations, the last message, memory beside the stacks, and the texts that
  /// tell of the user: command line, environment, names of mapped files. A dump of this snapshot keeps the rules for the
  /// contents of the stacks and for further memory.
  ///
  /// - Throws: when comparing all names with all patterns would take too long. There must be no report then.
  public mutating func sanitize(_ rules: SanitizationRules) throws(ProcessSnapshotError) {
    var names: [Int] = []
    for module in modules {
      guard let annotations = module.annotations else { continue }
      names += annotations.simple.map { $0.key.count } + annotations.objects.map { $0.name.count }
    }
    guard rules.canCompare(names: names) else {
      throw ProcessSnapshotError(
        .invalidSanitization, processID: processID, "its rules for a sanitized report: there are too many of them")
    }
    var rules = rules
    // A second set of rules does not bring back what the first one forbids.
    if let earlier = sanitization {
      rules.sanitizesStacks = rules.sanitizesStacks || earlier.sanitizesStacks
      rules.allowedMemory = rules.allowedMemory.flatMap { range in earlier.allowed(of: [range]) }
    }
    sanitization = rules
    let allowed = AllowedNames(rules)
    for index in modules.indices {
      modules[index].annotations?.simple.removeAll { !allowed.contains($0.key) }
      modules[index].annotations?.objects.removeAll { !allowed.contains($0.name) }
    }
    if !allowed.contains(Array(Self.fatalMessageName.utf8)) { fatalMessage = nil }
    memoryWindows = rules.allowed(of: memoryWindows)
    process.commandLine = []
    process.environment = []
    process.maps = []
  }

  /// Whether the module that the rules name has a part in the crash: the code that crashed is in it, or a word of the
  /// crashed thread's stack points into it. `true` when no module is named.
  ///
  /// - Parameter memory: of the process, which is still stopped.
  public func involvesTarget(of rules: SanitizationRules, memory: any MemoryReader) -> Bool {
    guard let target = rules.targetModule else { return true }
    guard let module = module(at: target)?.range, let context = exception?.context, let thread = crashingThread else {
      return false
    }
    if module.contains(context.instructionPointer) { return true }
    guard let stack = thread.stack?.kept else { return false }
    let width = is64Bit ? 8 : 4
    // Above the red zone, on whole words.
    var position = (max(stack.start, context.stackPointer) &+ UInt64(width - 1)) & ~UInt64(width - 1)
    while position >= stack.start, position < stack.end {
      let bytes = memory.readAvailable(at: position, count: Int(min(65536, stack.end - position)))
      if bytes.count < width { return false }
      for offset in stride(from: 0, through: bytes.count - width, by: width) {
        let word: UInt64 =
          is64Bit
          ? bytes.littleEndian(at: offset) ?? 0 : UInt64(bytes.littleEndian(UInt32.self, at: offset) ?? 0)
        if module.contains(word) { return true }
      }
      position += UInt64(bytes.count / width * width)
    }
    return false
  }
}

extension SanitizationRules {
  /// The parts of `ranges` that may be taken along.
  public func allowed(of ranges: [AddressRange]) -> [AddressRange] {
    ranges.flatMap { range in allowedMemory.compactMap { $0.intersection(range) } }
  }
}
