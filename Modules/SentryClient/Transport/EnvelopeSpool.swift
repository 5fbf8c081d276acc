// Provides the place in which queued envelopes outlive a crash.
internal import CLinuxShims
internal import LinuxSystem
internal import SentryEnvelope

/// Copies of the envelopes that wait for the transport's thread, in a mapped file of the run directory: a handler or the
/// next start sends those that this process did not live to send.
///
/// First in, first out, like the queue beside which it is kept, and changed under the same lock. A copy in memory costs
/// no system call; what is too long for a segment, or finds no room, is not copied. Format:
/// docs/formats/wire-formats.md, "Files of a run".
internal final class EnvelopeSpool: @unchecked Sendable {
  // @unchecked: the owner of the queue locks.
  private static let segmentSize = 256 * 1024
  private static let segmentCount = 4

  private struct Segment {
    var records: MappedRecords
    /// Records that are not done.
    var waiting = 0
  }

  private struct Place {
    var segment: Int
    var offset: Int
  }

  private let folder: FilePath
  private let generation = ForkGeneration.current
  private var mapping: WritableMapping?
  private var hasFailed = false
  private var segments: [Segment] = []
  private var current = 0
  private var nextOrder: UInt32 = 1
  /// Where the queue's envelopes are, the next one first; `nil`: nowhere.
  private var places: [Place?] = []
  private var head = 0

  /// The file is made when it is first needed.
  init(folder: FilePath) { self.folder = folder }

  /// Copies an envelope that was queued behind the others.
  func append(_ bytes: @autoclosure () -> [UInt8]) {
    if generation != ForkGeneration.current { return }
    places.append(open() ? copy(bytes()) : nil)
  }

  /// An envelope was queued that needs no copy.
  func appendNothing() { if generation == ForkGeneration.current { places.append(nil) } }

  /// The envelope at the head of the queue has been sent, kept elsewhere, or given up.
  func removeFirst() {
    if generation != ForkGeneration.current || head >= places.count { return }
    if let place = places[head] { finish(place) }
    head += 1
    if head == places.count {
      places.removeAll(keepingCapacity: true)
      head = 0
    } else if head >= 256 {
      places.removeFirst(head)
      head = 0
    }
  }

  /// Somebody else has taken the queue.
  func removeAll() { while head < places.count && generation == ForkGeneration.current { removeFirst() } }

  private func open() -> Bool {
    if mapping != nil { return true }
    if hasFailed { return false }
    guard
      let made = try? WritableMapping(
        creating: folder.appending(RunFiles.queue), size: Self.segmentSize * Self.segmentCount)
    else {
      hasFailed = true
      return false
    }
    mapping = made
    for index in 0..<Self.segmentCount {
      let start = index * Self.segmentSize
      let memory = UnsafeMutableRawBufferPointer(rebasing: made.bytes[start..<(start + Self.segmentSize)])
      if let records = MappedRecords(memory) { segments.append(Segment(records: records)) }
    }
    return !segments.isEmpty
  }

  private func copy(_ bytes: [UInt8]) -> Place? {
    let record = QueuedRecords.record(bytes)
    if segments.isEmpty || record.count > segments[current].records.capacity { return nil }
    if segments[current].records.capacity - segments[current].records.count < record.count {
      guard let empty = segments.indices.first(where: { segments[$0].waiting == 0 }) else { return nil }
      current = empty
      segments[current].records.removeAll(order: nextOrder)
      nextOrder &+= 1
    }
    let place = Place(segment: current, offset: segments[current].records.count)
    if !segments[current].records.append(record) { return nil }
    segments[current].waiting += 1
    return place
  }

  private func finish(_ place: Place) {
    segments[place.segment].records.store(QueuedRecords.done, at: place.offset + 4)
    segments[place.segment].waiting -= 1
    if segments[place.segment].waiting == 0 {
      segments[place.segment].records.removeAll(order: nextOrder)
      nextOrder &+= 1
    }
  }
}
