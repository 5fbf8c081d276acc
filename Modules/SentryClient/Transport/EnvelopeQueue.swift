// Provides the queue between those who capture and the thread that sends.
internal import LinuxSystem
internal import SentryEnvelope

/// An envelope on its way: built in this run, or the bytes of an earlier one.
internal enum OutgoingEnvelope: Sendable {
  case envelope(Envelope)
  case raw([UInt8])
  /// The bytes of a file, which is there until the envelope is settled.
  case file(FilePath, [UInt8])

  /// Bytes in memory, about.
  var size: Int {
    switch self {
    case .envelope(let envelope): envelope.items.reduce(1024) { $0 &+ $1.payload.count &+ 512 }
    case .raw(let bytes), .file(_, let bytes): bytes.count
    }
  }

  var bytes: [UInt8] {
    switch self {
    case .envelope(let envelope): envelope.bytes
    case .raw(let bytes), .file(_, let bytes): bytes
    }
  }

  /// `nil` for bytes that are no envelope.
  var content: Envelope? {
    switch self {
    case .envelope(let envelope): envelope
    case .raw(let bytes), .file(_, let bytes): try? Envelope(bytes: bytes)
    }
  }

  /// The file that goes with it; `nil` when there is none.
  var file: FilePath? { if case .file(let path, _) = self { path } else { nil } }

  /// What is lost with it. Bytes that are no envelope count as one thing that has no name.
  var items: [EnvelopeItem] { content?.items ?? [EnvelopeItem(type: "", payload: [])] }
}

/// First in, first out, bounded in number and bytes. A value; its owner locks.
internal struct EnvelopeQueue: Sendable {
  /// Envelopes that wait at the same time.
  static let countLimit = 1000
  /// Bytes of all of them. A single one may be larger: it is taken when nothing else waits.
  static let byteLimit = 128 << 20

  private var waiting: [OutgoingEnvelope?] = []
  private var head = 0
  private(set) var byteCount = 0

  var count: Int { waiting.count - head }
  var isEmpty: Bool { count == 0 }

  /// - Returns: `false` when there is no room; the envelope is the caller's again.
  mutating func append(_ envelope: OutgoingEnvelope) -> Bool {
    let size = envelope.size
    if count >= Self.countLimit || !isEmpty && size > Self.byteLimit - byteCount { return false }
    waiting.append(envelope)
    byteCount += size
    return true
  }

  /// Puts back what could not be sent; it is the next one again.
  mutating func putBack(_ envelope: OutgoingEnvelope) {
    byteCount += envelope.size
    if head > 0 {
      head -= 1
      waiting[head] = envelope
    } else {
      waiting.insert(envelope, at: 0)
    }
  }

  mutating func next() -> OutgoingEnvelope? {
    guard head < waiting.count, let envelope = waiting[head] else { return nil }
    waiting[head] = nil
    head += 1
    byteCount = max(0, byteCount - envelope.size)
    if head == waiting.count {
      waiting.removeAll(keepingCapacity: waiting.count <= 64)
      head = 0
    } else if head >= 512 {
      waiting.removeFirst(head)
      head = 0
    }
    return envelope
  }
}
