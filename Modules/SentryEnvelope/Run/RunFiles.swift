// Provides the names of what a run keeps for its death, and the form of its mapped files.

import StableOrder

/// Files of a run directory that outlive the process. Format: docs/formats/wire-formats.md, "Files of a run".
public enum RunFiles {
  /// The event of a crash, one MessagePack map.
  public static let event = "__sentry-event"
  /// The stack of a crash that no handler looked at: a record of fixed layout.
  public static let stack = "__sentry-stack"
  /// What a crash without a handler tells of its attachments beside their bytes: JSON, by the names of their files. Only
  /// where there is more to tell than a name.
  public static let attachments = "__sentry-attachments"
  /// The running session, JSON as in a session item.
  public static let session = "session.json"
  /// Later states of the session: records in JSON, a line each, of which the last counts.
  public static let sessionChanges = "__sentry-session"
  /// The transaction that is bound to the global scope: records in MessagePack.
  public static let transaction = "__sentry-transaction"
  /// Structured logs that are not sent yet: records in JSON, a line each.
  public static let logs = "__sentry-logs"
  /// Metrics that are not sent yet, like `logs`.
  public static let metrics = "__sentry-metrics"
  /// Envelopes that wait to be sent: `QueuedRecords`.
  public static let queue = "__sentry-queue"
  /// The process whose run it is, JSON.
  public static let process = "__sentry-process"

  /// What `RunRemains` makes envelopes of, but for the transaction.
  public static let remains = [session, sessionChanges, logs, metrics, queue]

  /// Bytes of a file that are read at most.
  public static let limit = 16 << 20
}

/// A file of segments: each has a header of 16 bytes (little-endian: magic, size of the whole segment, order, bytes that
/// are valid behind the header) and records. A segment's valid bytes are set after the record was stored, so that a
/// process that dies in between leaves whole records.
public enum MappedSegments {
  /// `SNR1`.
  public static let magic: UInt32 = 0x3152_4e53
  /// Bytes of a segment before its records.
  public static let headerSize = 16

  /// The valid bytes of all segments, the oldest first. What is no such file has none.
  public static func contents(_ file: [UInt8]) -> [ArraySlice<UInt8>] {
    var segments: [(order: UInt32, bytes: ArraySlice<UInt8>)] = []
    var start = 0
    while file.count - start >= headerSize {
      let size = Int(word(file, start + 4))
      let valid = Int(word(file, start + 12))
      guard word(file, start) == magic, size >= headerSize, size <= file.count - start, valid <= size - headerSize
      else { break }
      if valid > 0 {
        segments.append((word(file, start + 8), file[(start + headerSize)..<(start + headerSize + valid)]))
      }
      start += size
    }
    return segments.inOrder { $0.order < $1.order }.map { $0.bytes }
  }

  private static func word(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
    UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8 | UInt32(bytes[offset + 2]) << 16
      | UInt32(bytes[offset + 3]) << 24
  }
}
