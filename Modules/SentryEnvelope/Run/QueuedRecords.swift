// Provides the form of queued envelopes in a run's file.

/// Envelopes in the segments of `RunFiles.queue`: for each a word with its length, a word that says whether it still
/// waits, and its bytes, filled up with zeros to a whole word. Words are little-endian.
public enum QueuedRecords {
  /// The envelope waits.
  public static let waiting: UInt32 = 1
  /// It was sent, or is somebody else's.
  public static let done: UInt32 = 0

  /// A record of an envelope that waits.
  public static func record(_ envelope: [UInt8]) -> [UInt8] {
    var record: [UInt8] = []
    record.reserveCapacity(envelope.count + 12)
    for word in [UInt32(truncatingIfNeeded: envelope.count), waiting] {
      for shift in [UInt32(0), 8, 16, 24] { record.append(UInt8(truncatingIfNeeded: word >> shift)) }
    }
    record += envelope
    while record.count % 4 != 0 { record.append(0) }
    return record
  }

  /// The envelopes that wait, the oldest first. What is none is passed over.
  public static func envelopes(_ file: [UInt8]) -> [Envelope] {
    var result: [Envelope] = []
    for segment in MappedSegments.contents(file) {
      var rest = segment
      while rest.count >= 8 {
        let length = Int(word(rest, 0))
        let isWaiting = word(rest, 4) == waiting
        rest = rest.dropFirst(8)
        guard length <= rest.count else { break }
        if isWaiting, let envelope = try? Envelope(bytes: Array(rest.prefix(length))) { result.append(envelope) }
        rest = rest.dropFirst(length + (4 - length % 4) % 4)
      }
    }
    return result
  }

  private static func word(_ bytes: ArraySlice<UInt8>, _ offset: Int) -> UInt32 {
    let start = bytes.startIndex + offset
    return UInt32(bytes[start]) | UInt32(bytes[start + 1]) << 8 | UInt32(bytes[start + 2]) << 16
      | UInt32(bytes[start + 3]) << 24
  }
}
