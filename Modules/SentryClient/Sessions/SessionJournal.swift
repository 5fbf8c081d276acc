// Provides changes of the running session in memory that outlives the process.
internal import LinuxSystem
internal import SentryEnvelope
internal import StructuredValue

/// The latest state of a session in `__sentry-session`, beside `session.json`: a change costs a copy and no system call.
///
/// Two segments (`MappedSegments`) of lines of JSON. One is filled while the other one has the state before, so that a
/// process that dies at any instruction leaves a whole line. The last line of the later segment counts, if it is of the
/// session in `session.json`. Not thread safe.
internal final class SessionJournal {
  private static let segmentSize = 8 * 1024

  private let path: FilePath
  private let mapping: WritableMapping
  private var segments: [MappedRecords] = []
  private var current = 0
  private var nextOrder: UInt32 = 1

  init(folder: FilePath) throws(Errno) {
    path = folder.appending(RunFiles.sessionChanges)
    mapping = try WritableMapping(creating: path, size: 2 * Self.segmentSize)
    for index in 0..<2 {
      let start = index * Self.segmentSize
      let memory = UnsafeMutableRawBufferPointer(rebasing: mapping.bytes[start..<(start + Self.segmentSize)])
      guard let records = MappedRecords(memory) else { throw .invalidArgument }
      segments.append(records)
    }
  }

  /// - Returns: `false` when it is too long to be kept here.
  func store(_ session: Session) -> Bool {
    let line = StructuredValue.object(session.value).json + [UInt8(ascii: "\n")]
    if segments[current].append(line) { return true }
    if line.count > segments[current].capacity { return false }
    current = 1 - current
    segments[current].removeAll(order: nextOrder)
    nextOrder &+= 1
    return segments[current].append(line)
  }

  /// Removes the file.
  func remove() { try? FileSystem.remove(path) }
}
