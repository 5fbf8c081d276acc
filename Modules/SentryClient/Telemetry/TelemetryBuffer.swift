// Provides where logs and metrics wait until there are enough of them.
internal import LinuxSystem
internal import SentryEnvelope

/// What became of a log or a metric.
public enum TelemetryResult: Sendable, Hashable {
  /// It will be sent.
  case accepted
  /// A hook dropped it.
  case discarded
  /// There was no room; the loss is counted.
  case failed
  /// They are switched off.
  case disabled
}

/// Entries of one kind, in segments of a mapped file: they are on disk as soon as they are added, so that a crash or a
/// kill loses none.
///
/// A segment is filled, then it is full, then somebody takes its entries, and it is empty again. Adding holds the lock
/// for one copy of an entry that is serialised already, and makes no system call. Any thread.
internal final class TelemetryBuffer: @unchecked Sendable {
  // @unchecked: everything that changes is changed under `access`.
  let kind: TelemetryKind
  private let access = Lock()
  /// Held by whoever takes entries, so that they are handed on in order, and a flush waits for one that has begun.
  private let taking = ProcessLocal<Lock> { Lock() }
  private var mapping: WritableMapping?
  private var segments: [Segment] = []
  private var current = 0
  private var nextOrder: UInt32 = 1
  private var generation = ForkGeneration.current

  /// Enough for a full batch of long entries.
  private static let segmentSize = 128 * 1024
  private static let segmentCount = 4

  private struct Segment {
    var records: MappedRecords
    var count = 0
    var isFull = false
    /// When its first entry was added.
    var since = MonotonicInstant(nanoseconds: 0)
  }

  /// - Parameter folder: the run directory; `nil`: entries are in memory only.
  init(_ kind: TelemetryKind, folder: FilePath?) {
    self.kind = kind
    access.holdDuringForks()
    open(folder)
  }

  /// Makes the segments: in a file, or in memory where there is no room for a file. Without memory there are none.
  private func open(_ folder: FilePath?) {
    let size = Self.segmentSize * Self.segmentCount
    mapping = folder.flatMap { try? WritableMapping(creating: $0.appending(kind.fileName), size: size) }
    if mapping == nil { mapping = try? WritableMapping(anonymous: size) }
    segments = []
    guard let mapping else { return }
    for index in 0..<Self.segmentCount {
      let start = index * Self.segmentSize
      let memory = UnsafeMutableRawBufferPointer(rebasing: mapping.bytes[start..<(start + Self.segmentSize)])
      if let records = MappedRecords(memory) { segments.append(Segment(records: records)) }
    }
    nextOrder = 1
    current = 0
  }

  /// Whether the entries outlive the process.
  var isFile: Bool { access.withLock { mapping?.isFile ?? false } }

  /// What `add` did.
  enum Addition {
    /// The first entry of a segment: somebody has to take it in time.
    case first
    case another
    /// A segment is full now: somebody has to take it soon.
    case filled
    case noRoom
    /// It is larger than a segment.
    case tooLarge
  }

  /// - Parameter entry: a JSON object without a newline in it, and a newline behind it.
  func add(_ entry: [UInt8], now: MonotonicInstant) -> Addition {
    access.withLock {
      leaveParent()
      if segments.isEmpty { return .noRoom }
      if entry.count > segments[current].records.capacity { return .tooLarge }
      var filled = false
      if segments[current].isFull || !append(entry) {
        segments[current].isFull = true
        let next = (current + 1) % segments.count
        if segments[next].isFull { return .noRoom }
        current = next
        if !append(entry) { return .noRoom }
        filled = true
      }
      segments[current].count += 1
      if segments[current].count >= EnvelopeItem.telemetryLimit {
        segments[current].isFull = true
        filled = true
      }
      let isFirst = segments[current].count == 1
      if isFirst { segments[current].since = now }
      return filled ? .filled : isFirst ? .first : .another
    }
  }

  /// Appends to the current segment, which has its place among the others from its first entry on.
  private func append(_ entry: [UInt8]) -> Bool {
    if segments[current].count == 0 {
      segments[current].records.removeAll(order: nextOrder)
      nextOrder &+= 1
    }
    return segments[current].records.append(entry)
  }

  /// When the oldest entry was added; `nil` without entries. A full segment counts as long ago.
  var oldest: MonotonicInstant? {
    access.withLock {
      if segments.isEmpty || generation != ForkGeneration.current { return nil }
      var oldest: MonotonicInstant?
      for segment in segments where segment.count > 0 {
        let since = segment.isFull ? MonotonicInstant(nanoseconds: 0) : segment.since
        if oldest.map({ since < $0 }) ?? true { oldest = since }
      }
      return oldest
    }
  }

  /// Hands entries on, the oldest first, segment by segment. They stay in the file until `deliver` has returned.
  ///
  /// - Parameters:
  ///   - since: segments whose first entry is younger are left, unless they are full; `nil`: everything is taken.
  ///   - deliver: gets at most a full batch.
  func take(olderThan since: MonotonicInstant? = nil, _ deliver: ([ArraySlice<UInt8>]) -> Void) {
    taking.current.withLock {
      while let index = closeNext(olderThan: since) {
        // Nobody else writes to a full segment.
        let bytes = access.withLock { segments[index].records.bytes }
        let entries = bytes.split(separator: UInt8(ascii: "\n"))
        if !entries.isEmpty { deliver(entries) }
        access.withLock {
          segments[index].records.removeAll()
          segments[index].count = 0
          segments[index].isFull = false
        }
      }
    }
  }

  /// The oldest segment that is to be taken, full from now on.
  private func closeNext(olderThan since: MonotonicInstant?) -> Int? {
    access.withLock {
      leaveParent()
      for offset in 1...max(1, segments.count) where !segments.isEmpty {
        let index = (current + offset) % segments.count
        if segments[index].count == 0 { continue }
        if !segments[index].isFull {
          if let since, !(segments[index].since < since) { continue }
          segments[index].isFull = true
          current = (index + 1) % segments.count
        }
        return index
      }
      return nil
    }
  }

  /// In a forked child the entries, and the file, are the parent's: it begins with memory of its own. Under `access`.
  private func leaveParent() {
    if generation == ForkGeneration.current { return }
    generation = ForkGeneration.current
    open(nil)
  }
}
