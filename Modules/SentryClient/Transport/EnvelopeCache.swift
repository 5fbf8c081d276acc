// Provides the folder of envelopes that were not sent, or that are kept.
internal import LinuxSystem
internal import SentryEnvelope
import StableOrder

/// `<database>/cache`. All processes on a database share it; a file that is being sent is locked with `flock(2)`.
/// Failures cost the envelope in question, which the caller counts.
internal struct EnvelopeCache: Sendable {
  let folder: FilePath
  private let policy: CachePolicy

  /// Bytes of a file that is read back.
  private static let fileLimit = 256 << 20
  /// Seconds after which a file that somebody began to write is nobody's.
  private static let staleAge: Int64 = 3600

  init(database: FilePath, policy: CachePolicy) {
    folder = database.appending("cache")
    self.policy = policy
  }

  /// An envelope in the folder.
  struct File: Sendable {
    let name: CachedFileName
    let path: FilePath
    /// With the files that belong to it.
    var size: Int64
    let modified: Timestamp
    var siblings: [FilePath] = []
  }

  // MARK: - In

  /// Writes an envelope under `name`, in one step.
  ///
  /// - Returns: `false` when that is not possible.
  func store(_ bytes: [UInt8], as name: CachedFileName) -> Bool {
    do throws(Errno) {
      try FileSystem.createDirectories(folder)
      try FaultPoint.reached("cache.store")
      try FileSystem.replace(folder.appending(name.text), with: bytes)
      return true
    } catch {
      return false
    }
  }

  /// Gives a file another name: another attempt, or none any more.
  func rename(_ file: File, to name: CachedFileName) -> Bool {
    (try? FileSystem.rename(file.path, to: folder.appending(name.text))) != nil
  }

  func remove(_ file: File) {
    try? FileSystem.remove(file.path)
    for sibling in file.siblings { try? FileSystem.remove(sibling) }
  }

  // MARK: - Out

  /// All envelopes, in no order.
  func files() -> [File] {
    guard let names = try? FileSystem.entries(of: folder) else { return [] }
    var files: [File] = []
    var others: [(name: [UInt8], path: FilePath, status: FileStatus)] = []
    for name in names {
      let path = folder.appending(bytes: name)
      guard let status = try? FileSystem.status(path, followLinks: false), status.kind == .regular else { continue }
      if let known = CachedFileName(name) {
        files.append(File(name: known, path: path, size: status.size, modified: status.modified))
      } else {
        others.append((name, path, status))
      }
    }
    for other in others {
      guard let index = files.firstIndex(where: { $0.name.owns(other.name) }) else { continue }
      files[index].size += other.status.size
      files[index].siblings.append(other.path)
    }
    return files
  }

  /// Those that wait for another attempt, the oldest attempt first.
  func waiting() -> [File] {
    files().filter { $0.name.attempt != nil }.inOrder {
      ($0.name.attempt?.time ?? 0, $0.path.description) < ($1.name.attempt?.time ?? 0, $1.path.description)
    }
  }

  /// The content of a file and its lock, or `nil` when somebody else works on it, or has sent it.
  func claim(_ file: File) -> Claim? {
    guard let opened = try? FileSystem.open(file.path, [.noFollow, .nonBlocking]),
      let lock = try? FileLock(trying: opened, .exclusive), let held = try? lock.file.status(),
      let named = try? FileSystem.status(file.path, followLinks: false), held.inode == named.inode,
      held.device == named.device, let bytes = try? lock.file.readToEnd(limit: Self.fileLimit)
    else { return nil }
    return Claim(bytes: bytes, lock: lock)
  }

  /// A file that only this process works on, as long as the value lives.
  struct Claim: ~Copyable {
    let bytes: [UInt8]
    fileprivate let lock: FileLock
  }

  // MARK: - Bounds

  /// Removes what is too old, too large or too many, the newest staying.
  ///
  /// - Parameter lose: told of the items of each envelope that might still have been sent.
  func prune(now: Timestamp, lose: ([EnvelopeItem]) -> Void) {
    var count = 0
    var size: Int64 = 0
    let newestFirst = files().inOrder {
      ($0.modified, $0.name.attempt?.time ?? 0, $0.path.description)
        > ($1.modified, $1.name.attempt?.time ?? 0, $1.path.description)
    }
    for file in newestFirst {
      let (sum, overflow) = size.addingReportingOverflow(file.size)
      let isTooOld = policy.maxAge > 0 && Self.age(file.modified, now) > policy.maxAge
      let isTooMuch = policy.maxSize > 0 && (overflow || sum > policy.maxSize)
      if !isTooOld && !isTooMuch && !(policy.maxItems > 0 && count >= policy.maxItems) {
        count += 1
        size = overflow ? .max : sum
        continue
      }
      if file.name.attempt != nil {
        guard let claim = claim(file) else { continue }
        let items = OutgoingEnvelope.raw(claim.bytes).items
        remove(file)
        lose(items)
      } else {
        remove(file)
      }
    }
    removeUnfinished(now)
    removeForgotten(now)
  }

  /// Seconds after which a file that belongs to no envelope in the folder is nobody's: nothing is under way for so long.
  private static let forgottenAge: Int64 = 7 * 24 * 3600

  /// Files of envelopes that are gone: their process was killed before it sent or kept them.
  private func removeForgotten(_ now: Timestamp) {
    for name in (try? FileSystem.entries(of: folder)) ?? [] {
      guard let id = UniqueID(text: Array(name.prefix(36))), CachedFileName(id: id).owns(name) else { continue }
      let path = folder.appending(bytes: name)
      guard let status = try? FileSystem.status(path, followLinks: false), status.kind == .regular,
        Self.age(status.modified, now) > Self.forgottenAge, !files().contains(where: { $0.name.owns(name) })
      else { continue }
      try? FileSystem.remove(path)
    }
  }

  /// Files that a process began to write and did not finish.
  private func removeUnfinished(_ now: Timestamp) {
    for name in (try? FileSystem.entries(of: folder)) ?? [] where name.suffix(4).elementsEqual(".tmp".utf8) {
      let path = folder.appending(bytes: name)
      guard let status = try? FileSystem.status(path, followLinks: false), status.kind == .regular,
        Self.age(status.modified, now) > Self.staleAge
      else { continue }
      try? FileSystem.remove(path)
    }
  }

  private static func age(_ time: Timestamp, _ now: Timestamp) -> Int64 {
    let (age, overflow) = now.seconds.subtractingReportingOverflow(time.seconds)
    return overflow ? 0 : age
  }
}
