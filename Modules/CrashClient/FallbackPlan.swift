// Provides the plan for crashes without a handler's help: what the crashing thread finds ready.
internal import CLinuxShims
internal import CrashProtocol
internal import LinuxSystem
import StableOrder

/// Keeps the plan that the crash path reads, in memory of its own.
///
/// A plan is never changed: another one takes its place, and the one before it stays until the next, since a thread may be
/// crashing with it. Not thread safe; the client's lock sees to that.
internal struct FallbackPlan: ~Copyable {
  private var configuration: HandlerConfiguration
  private var sanitizationAddress: UInt64
  /// `nil`: there is none that could be started.
  private let executable: FilePath?
  private let reportID: UniqueID
  private(set) var attachments: [FilePath]
  private var current: [UnsafeMutableRawPointer] = []
  private var previous: [UnsafeMutableRawPointer] = []

  /// Publishes a plan.
  ///
  /// - Parameter sanitizationAddress: of the configuration's rules as handlers read them.
  init(_ configuration: HandlerConfiguration, executable: FilePath?, _ sanitizationAddress: UInt64) {
    self.configuration = configuration
    self.sanitizationAddress = sanitizationAddress
    self.executable = executable
    reportID = configuration.reportID ?? UniqueID.random()
    attachments = configuration.attachments
    publish()
  }

  deinit {
    crash_store64(crash_fallback_word(), 0)
    // A thread that is crashing may be at it.
    if crash_load64(crash_path_owner()) != 0 { return }
    for block in previous + current { free(block) }
  }

  mutating func add(_ path: FilePath) {
    if attachments.contains(path) { return }
    attachments.append(path)
    publish()
  }

  mutating func remove(_ path: FilePath) {
    guard attachments.contains(path) else { return }
    attachments.removeAll { $0 == path }
    publish()
  }

  mutating func sanitize(_ rules: CrashSanitization?, at address: UInt64) {
    configuration.sanitization = rules
    sanitizationAddress = address
    publish()
  }

  private mutating func publish() {
    let isCrashing = crash_load64(crash_path_owner()) != 0
    if !isCrashing { for block in previous { free(block) } }
    previous = current
    current = []
    guard let plan = allocate(crash_fallback_plan.self, 1) else { return }
    plan.initialize(to: crash_fallback_plan())
    fillHandler(plan)
    fillDump(plan)
    crash_store64(crash_fallback_word(), UInt64(UInt(bitPattern: plan)))
  }

  private mutating func fillHandler(_ plan: UnsafeMutablePointer<crash_fallback_plan>) {
    guard let executable else { return }
    var changed = configuration
    changed.attachments = attachments
    let address = UInt(bitPattern: crash_record_shared())
    let arguments = changed.arguments(executable: executable, record: address, sanitization: sanitizationAddress)
    plan.pointee.path = string(executable)
    plan.pointee.arguments = strings(arguments)
    plan.pointee.environment = strings(configuration.fullEnvironment())
  }

  private mutating func fillDump(_ plan: UnsafeMutablePointer<crash_fallback_plan>) {
    let database = configuration.databasePath
    let name = reportID.description
    plan.pointee.unfinished = string(database.appending("new").appending("\(name).dmp"))
    plan.pointee.temporary = string(database.appending("new").appending("\(name).tmp"))
    plan.pointee.pending = string(database.appending("pending").appending("\(name).dmp"))
    plan.pointee.completed = string(database.appending("completed").appending("\(name).dmp"))
    let folder = database.appending("attachments").appending(name)
    plan.pointee.attachments = string(folder)
    func place(_ text: UnsafePointer<CChar>?, behind folder: String) -> UnsafeMutablePointer<CChar>? {
      text.map { UnsafeMutablePointer(mutating: $0) + database.appending(folder).bytes.count + 1 }
    }
    var identifiers = [
      place(plan.pointee.unfinished, behind: "new"), place(plan.pointee.temporary, behind: "new"),
      place(plan.pointee.pending, behind: "pending"), place(plan.pointee.completed, behind: "completed"),
      place(plan.pointee.attachments, behind: "attachments"),
    ]
    if let rules = configuration.sanitization {
      // The map names files of the user. Who has a part in the crash cannot be told in the crashing thread.
      plan.pointee.left_out =
        rules.targetModule != nil
        ? CRASH_FALLBACK_NOTHING
        : CRASH_FALLBACK_NO_MAP | (rules.sanitizesStacks ? CRASH_FALLBACK_STACK_DATA : 0)
    }
    if let copies = allocate(crash_fallback_copy.self, attachments.count) {
      var names: [[UInt8]] = []
      var count = 0
      for path in attachments {
        // A second file of one name would replace the first.
        var name = path.lastComponent
        while names.contains(name) { name.insert(UInt8(ascii: "_"), at: 0) }
        names.append(name)
        guard let source = string(path), let target = string(folder.appending(bytes: name)) else { continue }
        (copies + count).initialize(to: crash_fallback_copy(source: source, target: target))
        identifiers.append(place(target, behind: "attachments"))
        count += 1
      }
      plan.pointee.copies = UnsafePointer(copies)
      plan.pointee.copy_count = UInt64(count)
    }
    var annotations = configuration.annotations + [(key: "capture_memory", value: "in-process")]
    if configuration.sanitization?.sanitizesStacks == true {
      annotations.append((key: "capture_stacks", value: "sanitized"))
    }
    annotations = annotations.inOrder { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    let streams = FallbackStreams(reportID: reportID, annotations: annotations)
    guard let prepared = allocate(UInt8.self, streams.bytes.count) else { return }
    for (offset, byte) in streams.bytes.enumerated() { (prepared + offset).initialize(to: byte) }
    if let places = allocate(UnsafeMutablePointer<CChar>.self, identifiers.count) {
      let known = identifiers.compactMap { $0 }
      for (index, place) in known.enumerated() { (places + index).initialize(to: place) }
      plan.pointee.identifiers = UnsafePointer(places)
      plan.pointee.identifier_count = UInt64(known.count)
    }
    plan.pointee.guid = prepared + FallbackStreams.identifierOffset(streams)
    plan.pointee.prepared = UnsafeRawPointer(prepared)
    plan.pointee.prepared_size = UInt64(streams.bytes.count)
    plan.pointee.system_info = streams.systemInfo.offset
    plan.pointee.system_info_size = streams.systemInfo.size
    plan.pointee.module_list = streams.moduleList.offset
    plan.pointee.module_list_size = streams.moduleList.size
    plan.pointee.crashpad_info = streams.crashpadInfo.offset
    plan.pointee.crashpad_info_size = streams.crashpadInfo.size
    plan.pointee.environment_start = Self.environmentStart
  }

  /// Column 50 of `/proc/self/stat`; 0 where the kernel does not tell.
  private static var environmentStart: UInt64 {
    guard let text = try? FileSystem.read("/proc/self/stat", limit: 65536),
      let name = text.lastIndex(of: UInt8(ascii: ")"))
    else { return 0 }
    // The first word behind the name is column 3.
    let words = text[(name + 1)...].split(separator: UInt8(ascii: " "))
    return words.count > 47 ? UInt64(String(decoding: words[47], as: UTF8.self)) ?? 0 : 0
  }

  // MARK: - Memory

  private mutating func allocate<Element>(_ type: Element.Type, _ count: Int) -> UnsafeMutablePointer<Element>? {
    guard let block = malloc(max(1, count) * MemoryLayout<Element>.stride) else { return nil }
    current.append(block)
    return block.bindMemory(to: Element.self, capacity: max(1, count))
  }

  private mutating func string(_ path: FilePath) -> UnsafePointer<CChar>? {
    guard let copy = path.withCString({ strdup($0) }) else { return nil }
    current.append(UnsafeMutableRawPointer(copy))
    return UnsafePointer(copy)
  }

  private mutating func strings(_ list: [FilePath]) -> UnsafePointer<UnsafeMutablePointer<CChar>?>? {
    guard let array = allocate(UnsafeMutablePointer<CChar>?.self, list.count + 1) else { return nil }
    for (index, element) in list.enumerated() {
      (array + index).initialize(to: string(element).map { UnsafeMutablePointer(mutating: $0) })
    }
    (array + list.count).initialize(to: nil)
    return UnsafePointer(array)
  }
}
