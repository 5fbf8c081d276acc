// Provides the scope as a crash reports it: complete at any moment, so that nothing has to be put together in a process
// that is dying.
internal import CLinuxShims
internal import LinuxSystem
internal import StructuredValue

/// The event and the breadcrumbs of a crash, encoded in memory, for the crashing thread to put into `__sentry-event` and
/// `__sentry-breadcrumb1`/`2`.
///
/// An event is written beside the last one and becomes the current one by one store; its tags come last, so that a
/// changed tag leaves the rest alone. No call here makes a system call, unless memory has to grow. Format:
/// docs/formats/wire-formats.md, "Files of a run"; why not in mapped files: docs/adr/0018-scope-in-memory.md.
///
/// One in a process. Not thread safe; the crashing thread may read at any moment.
internal final class CrashScope {
  /// Bytes of an event, and of breadcrumbs in a file, that handlers read.
  static let limit = 8 << 20

  // No array: an element has to be retained.
  private let generations: (CrashMemory, CrashMemory)
  private let trails: [CrashMemory]
  private let maxBreadcrumbs: Int
  // `exclusivity(unchecked)`: one caller at a time, see `CrashMemory`.
  @exclusivity(unchecked) private var sequence: UInt32 = 1
  private var breadcrumbsWritten = 0

  /// Everything but the tags' members: the map's header, the other members, the name of the tags.
  @exclusivity(unchecked) private var head: [UInt8] = []
  @exclusivity(unchecked) private var headVersion = 0
  @exclusivity(unchecked) private var tags = EncodedTags()
  /// Which head each generation has.
  @exclusivity(unchecked) private var stored = (-1, -1)

  private let state: UnsafeMutablePointer<crash_scope_state>
  /// Whether a crash of this process reads what is here: of one object only.
  let isPublished: Bool

  /// - Parameter isPublished: whether it is to be what a crash reads, if no other one is.
  init(maxBreadcrumbs: Int, isPublished: Bool = true) {
    self.maxBreadcrumbs = maxBreadcrumbs
    self.isPublished = isPublished && crash_exchange32(crash_scope_claimed(crash_scope()), 0, 1)
    if self.isPublished {
      state = crash_scope()
    } else {
      state = .allocate(capacity: 1)
      state.initialize(to: crash_scope_state())
    }
    let state = state
    crash_publish32(crash_scope_sequence(state), 0)
    generations = (
      CrashMemory(crash_scope_event(state, 0), limit: Self.limit),
      CrashMemory(crash_scope_event(state, 1), limit: Self.limit)
    )
    trails = [0, 1].map { CrashMemory(crash_scope_trail(state, $0), limit: Self.limit) }
    state.pointee.owner = ProcessIdentity.processID()
  }

  deinit {
    crash_publish32(crash_scope_has_paths(state), 0)
    crash_publish32(crash_scope_sequence(state), 0)
    generations.0.withdraw()
    generations.1.withdraw()
    for memory in trails { memory.withdraw() }
    if isPublished { crash_publish32(crash_scope_claimed(state), 0) } else { state.deallocate() }
  }

  /// In a forked child, which has a copy of everything: from now on this is the child's.
  func adopt() { state.pointee.owner = ProcessIdentity.processID() }

  /// A crash is being reported: what changes now is not part of it.
  private var isFrozen: Bool { crash_load32(crash_scope_frozen(state)) != 0 }

  // MARK: - Files

  /// The files in a run's folder, in the order in which native SDKs give them to the handler.
  static func paths(in folder: FilePath) -> [FilePath] {
    ["__sentry-event", "__sentry-breadcrumb1", "__sentry-breadcrumb2"].map { folder.appending($0) }
  }

  /// Creates the three files, empty but with room, so that a crash on a full disk finds some.
  ///
  /// - Throws: when they cannot be created. Room that is not there is no error: memory takes its place.
  func setFolder(_ folder: FilePath) throws(Errno) {
    crash_publish32(crash_scope_has_paths(state), 0)
    for (index, path) in Self.paths(in: folder).enumerated() {
      if path.bytes.count >= 4096 { throw .nameTooLong }
      let file = try FileSystem.open(path, [.write, .create, .truncate, .noFollow])
      _ = linux_reserve_file(file.rawValue, 64 * 1024)
      let target = UnsafeMutableRawPointer(crash_scope_path(state, UInt32(index)))
      for (offset, byte) in path.bytes.enumerated() {
        target.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
      }
      target.storeBytes(of: 0, toByteOffset: path.bytes.count, as: UInt8.self)
    }
    state.pointee.owner = ProcessIdentity.processID()
    crash_publish32(crash_scope_has_paths(state), 1)
  }

  /// After a snapshot: the files are as `setFolder` made them.
  func emptyFiles(in folder: FilePath) {
    for path in Self.paths(in: folder) {
      guard !isFrozen, let file = try? FileSystem.open(path, [.write, .truncate, .noFollow]) else { continue }
      _ = linux_reserve_file(file.rawValue, 64 * 1024)
    }
  }

  // MARK: - Event

  /// Replaces the whole event.
  ///
  /// - Parameter event: `event_id` is its first member, dashed.
  /// - Returns: `false` when it is too large; the last one stays then.
  @discardableResult
  func store(_ event: StructuredObject) -> Bool {
    var other = event
    let own = other["tags"]?.object ?? StructuredObject()
    other["tags"] = nil
    head.removeAll(keepingCapacity: true)
    head.append(0xde)
    head.append(UInt8(truncatingIfNeeded: (other.count + 1) >> 8))
    head.append(UInt8(truncatingIfNeeded: other.count + 1))
    for member in other.members {
      StructuredValue.appendMessagePack(member.key, to: &head)
      member.value.appendMessagePack(to: &head, depth: 1)
    }
    StructuredValue.appendMessagePack("tags", to: &head)
    headVersion += 1
    tags.replaceAll(own)
    return publish()
  }

  /// Sets one tag, at the place it has among the others, or behind them.
  ///
  /// - Parameter slot: of the key; see `EncodedTags.slot`.
  @discardableResult
  func setTag(_ key: String, _ slot: Int, _ value: String, at index: Int) -> Bool {
    tags.set(key, slot, value, at: index)
    return publish()
  }

  /// Where a tag may be among the others; see `EncodedTags.guess`.
  func guess(_ slot: Int) -> Int { tags.guess(slot) }

  /// Writes to the generation that is not the current one, and makes it the current one.
  private func publish() -> Bool {
    if isFrozen { return true }
    let isWritten =
      sequence & 1 == 0 ? write(generations.1, &stored.1) : write(generations.0, &stored.0)
    if !isWritten { return false }
    sequence &+= 1
    if sequence < 2 { sequence = 2 | sequence & 1 }
    crash_publish32(crash_scope_sequence(state), sequence)
    return true
  }

  /// - Parameter stored: which head is there.
  private func write(_ target: CrashMemory, _ stored: inout Int) -> Bool {
    if stored != headVersion {
      stored = -1
      if !target.store(head, at: 0) { return false }
      stored = headVersion
    }
    guard tags.write(to: target, at: head.count) else { return false }
    target.publish(head.count + tags.count)
    return true
  }

  /// The current event.
  var event: [UInt8] { sequence & 1 == 0 ? generations.0.bytes : generations.1.bytes }

  // MARK: - Breadcrumbs

  /// Appends a breadcrumb. As many as are kept go to one file, then as many to the other one, which is emptied before:
  /// together they always hold the last ones.
  ///
  /// - Returns: `false` when there is no room for it.
  @discardableResult
  func append(breadcrumb: [UInt8]) -> Bool {
    if maxBreadcrumbs == 0 || isFrozen { return true }
    let trail = trails[breadcrumbsWritten / maxBreadcrumbs % 2]
    if breadcrumbsWritten % maxBreadcrumbs == 0 { trail.removeAll() }
    breadcrumbsWritten += 1
    return trail.append(breadcrumb)
  }

  /// Starts again, without any breadcrumb.
  func removeBreadcrumbs() {
    if isFrozen { return }
    breadcrumbsWritten = 0
    for trail in trails { trail.removeAll() }
  }

  /// What is in the two files' memory.
  var breadcrumbs: [[UInt8]] { trails.map { $0.bytes } }
}
