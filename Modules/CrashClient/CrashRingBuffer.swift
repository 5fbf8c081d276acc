// Provides the latest records of a program, which every dump of it takes along.
internal import CLinuxShims

/// An annotation that keeps as many of the latest records as fit: what a program did before it crashed.
///
/// Lives like `CrashAnnotation`, and every Crashpad handler takes it along; the layout is Crashpad's, so that its readers
/// find the records. Pushing never waits and never allocates, on any thread and in signal handlers, but only one push is
/// done at a time. A dump has every record that was pushed and not dropped, whole, at whichever instruction the process was
/// stopped. A child that was forked in the middle of another thread's push takes no more records.
///
/// Source: docs/formats/process-snapshot.md, section 10.
public struct CrashRingBuffer: @unchecked Sendable {
  // @unchecked: memory that is never freed, changed under the guard only.
  private let node: UnsafeMutablePointer<crashpad_annotation>
  private let ring: UnsafeMutablePointer<crashpad_ring>
  private let storage: UnsafeMutablePointer<UInt8>
  private let capacity: UInt32

  /// Crashpad's own choice.
  public static var defaultCapacity: Int { Int(CRASHPAD_RING_CAPACITY) }
  /// What handlers read of an annotation's value, without the header.
  public static var maximumCapacity: Int { Int(CRASHPAD_MAXIMUM_VALUE) - MemoryLayout<crashpad_ring>.size }

  /// - Parameters:
  ///   - name: 1 to 255 bytes; what is beyond is cut off.
  ///   - kind: of the annotation: one of the application's own.
  ///   - capacity: bytes of all records with their lengths, 2 to 20464.
  public init(_ name: String, kind: CrashAnnotationKind = .bytes, capacity: Int = defaultCapacity) {
    let capacity = min(max(capacity, 2), Self.maximumCapacity)
    let nodeSize = MemoryLayout<crashpad_annotation>.size
    let ringSize = MemoryLayout<crashpad_ring>.size
    let text = Array(name.utf8.prefix { $0 != 0 }.prefix(Int(CRASHPAD_MAXIMUM_NAME)))
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: nodeSize + ringSize + capacity + text.count + 1, alignment: 16)
    ring = (memory + nodeSize).bindMemory(to: crashpad_ring.self, capacity: 1)
    ring.initialize(to: crashpad_ring(magic: CRASHPAD_RING_MAGIC, version: 1, range: 0))
    storage = (memory + nodeSize + ringSize).bindMemory(to: UInt8.self, capacity: capacity)
    storage.initialize(repeating: 0, count: capacity)
    let label = memory + nodeSize + ringSize + capacity
    for (offset, byte) in text.enumerated() { label.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self) }
    label.storeBytes(of: 0, toByteOffset: text.count, as: UInt8.self)
    node = memory.bindMemory(to: crashpad_annotation.self, capacity: 1)
    node.initialize(
      to: crashpad_annotation(
        link: nil, name: label, value: ring, size: 0, kind: kind.rawValue, guard_mode: 1, guard_state: 0))
    self.capacity = UInt32(capacity)
    crashpad_push_annotation(node)
  }

  /// Adds a record, and drops the oldest where there is no room.
  ///
  /// - Returns: `false` for an empty record, one that does not fit even alone, or while another push is under way.
  @discardableResult public func push(_ record: some CrashAnnotationValue) -> Bool {
    record.withAnnotationBytes(capacity: Self.maximumCapacity) { push(bytes: $0) }
  }

  /// Adds a copy of `record`.
  @discardableResult public func push(bytes record: UnsafeRawBufferPointer) -> Bool {
    guard let bytes = record.baseAddress, record.count > 0, record.count <= Int(capacity) else { return false }
    let count = UInt32(truncatingIfNeeded: record.count)
    let needed = lengthSize(count) &+ count
    if needed > capacity || !crashpad_take_guard(node) { return false }
    put(bytes, count, needed)
    crashpad_release_guard(node)
    return true
  }

  /// Drops all records; dumps do not show the annotation until the next push.
  ///
  /// - Returns: `false` while a push is under way.
  @discardableResult public func clear() -> Bool {
    if !crashpad_take_guard(node) { return false }
    crashpad_set_size(node, 0)
    crashpad_set_ring(ring, 0)
    crashpad_release_guard(node)
    return true
  }

  /// At every step what the header says is there: the oldest records are taken out of it before they are overwritten, and
  /// the new one is written before it is in it.
  @_noLocks @_noAllocation
  private func put(_ bytes: UnsafeRawPointer, _ count: UInt32, _ needed: UInt32) {
    let range = ring.pointee.range
    var offset = UInt32(truncatingIfNeeded: range)
    var length = UInt32(truncatingIfNeeded: range >> 32)
    while length > 0 && capacity &- length < needed {
      let oldest = recordSize(at: offset)
      length = length > oldest ? length &- oldest : 0
      offset = (offset &+ oldest) % capacity
    }
    if length == 0 { offset = 0 }
    crashpad_set_ring(ring, crashpad_ring_range(offset, length))
    var position = (offset &+ length) % capacity
    var rest = count
    while true {
      storage[Int(position)] = UInt8(truncatingIfNeeded: rest & 0x7f) | (rest > 0x7f ? 0x80 : 0)
      position = (position &+ 1) % capacity
      rest = rest >> 7
      if rest == 0 { break }
    }
    let first = min(count, capacity &- position)
    crashpad_copy(storage + Int(position), bytes, Int(first))
    if first < count { crashpad_copy(storage, bytes + Int(first), Int(count &- first)) }
    length = length &+ needed
    crashpad_set_size(node, 16 &+ min(capacity, offset &+ length))
    crashpad_set_ring(ring, crashpad_ring_range(offset, length))
  }

  /// Bytes of the record at `offset`, with its length.
  @_noLocks @_noAllocation
  private func recordSize(at offset: UInt32) -> UInt32 {
    var position = offset
    var length: UInt32 = 0
    var shift: UInt32 = 0
    while shift < 28 {
      let byte = storage[Int(position)]
      length |= UInt32(byte & 0x7f) << shift
      position = (position &+ 1) % capacity
      shift = shift &+ 7
      if byte & 0x80 == 0 { break }
    }
    return shift / 7 &+ length
  }

  /// Bytes of a length in base 128.
  @_noLocks @_noAllocation
  private func lengthSize(_ count: UInt32) -> UInt32 { count < 1 << 7 ? 1 : count < 1 << 14 ? 2 : 3 }
}
