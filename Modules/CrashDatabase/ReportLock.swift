// Provides the lock on one report, as Crashpad's peers understand it, with recognition of dead owners.
internal import LinuxSystem

/// A `.lock` file beside a report, removed when its owner goes away.
///
/// To a Crashpad peer the file is its own kind of lock: it exists, and begins with eight bytes of time. We also write a
/// mark behind the time and hold `flock(2)` on the file as long as we live: a marked file that nobody holds belonged to
/// a process that is dead, and is taken over at once. Foreign locks are only known to be dead by their age.
internal struct ReportLock: ~Copyable {
  let path: FilePath
  /// The lock was left by a process that died: what it was doing may be half done.
  let wasAbandoned: Bool
  private let file: FileLock

  private static let mark = Array("flocked\n".utf8)

  private init(path: FilePath, wasAbandoned: Bool, file: consuming FileLock) {
    self.path = path
    self.wasAbandoned = wasAbandoned
    self.file = file
  }

  deinit { try? FileSystem.remove(path) }

  /// Ends the lock here and not earlier.
  consuming func release() {}

  /// Makes this lock another one as well: its file gets a second name, which costs a tenth of a second file.
  ///
  /// - Returns: `false` when there is a lock of that name, or the file system has no hard links: `acquire` it then.
  func addName(_ other: FilePath) -> Bool { (try? FileSystem.link(path, to: other)) != nil }

  /// Ends the other lock, while this one is still held: nobody can have taken it over.
  func removeName(_ other: FilePath) { try? FileSystem.remove(other) }

  /// Ends the other lock if it is one that this lock's former owner had with `addName`.
  func removeNameOfOwner(_ other: FilePath) {
    guard let held = try? file.file.status(), let named = try? FileSystem.status(other, followLinks: false),
      held.inode == named.inode, held.device == named.device
    else { return }
    removeName(other)
  }

  /// Takes the lock without waiting.
  ///
  /// - Throws: `Errno.wouldBlock` when a living process holds it, or a foreign one that may live.
  static func acquire(_ path: FilePath) throws(Errno) -> ReportLock {
    var attempts = 0
    while true {
      if let file = try create(path) { return ReportLock(path: path, wasAbandoned: false, file: file) }
      if let file = try takeOver(path) { return ReportLock(path: path, wasAbandoned: true, file: file) }
      // It was released between the two calls.
      attempts += 1
      if attempts == 8 { throw .wouldBlock }
    }
  }

  /// Takes the lock over from a process that died.
  ///
  /// - Returns: `nil` when there is no lock any more: whoever had it is done.
  /// - Throws: `Errno.wouldBlock` when a living process holds it, or a foreign one that may live.
  static func acquireAbandoned(_ path: FilePath) throws(Errno) -> ReportLock? {
    for _ in 0..<8 {
      if let file = try takeOver(path) { return ReportLock(path: path, wasAbandoned: true, file: file) }
      // It is gone, or another one has taken its place.
      if !FileSystem.exists(path) { return nil }
    }
    throw .wouldBlock
  }

  /// Takes the lock, asking again for `milliseconds` while somebody holds it: listings hold locks for moments.
  static func acquire(_ path: FilePath, patience milliseconds: Int64) throws(Errno) -> ReportLock {
    let deadline = MonotonicInstant.now().advanced(milliseconds: milliseconds)
    while true {
      do throws(Errno) {
        return try acquire(path)
      } catch {
        if error != .wouldBlock || deadline.millisecondsFromNow() == 0 { throw error }
        pause(milliseconds: 2)
      }
    }
  }

  /// Removes a foreign lock that is older than `ttl` seconds. Ours are left to `acquire`.
  ///
  /// - Returns: whether a lock was removed.
  static func removeExpired(_ path: FilePath, ttl: Int64, now: Int64) -> Bool {
    guard let file = try? FileSystem.open(path, [.readWrite, .noFollow]), let status = try? file.status(),
      let content = try? file.read(upTo: 16, at: 0)
    else { return false }
    if content.count == 16 && content[8...].elementsEqual(mark) { return false }
    // A lock whose owner died before the time was written would be kept for ever by its content alone.
    let stamp = littleEndian(content, at: 0, as: Int64.self) ?? status.modified.seconds
    guard stamp <= now, now - max(0, stamp) >= ttl else { return false }
    return (try? FileSystem.remove(path)) != nil
  }

  /// `nil` when the file is there already.
  private static func create(_ path: FilePath) throws(Errno) -> FileLock? {
    // Under its name the file is locked and complete from the first moment, so it is made under another name first.
    let temporary = path.addingSuffix(".\(ProcessIdentity.processID()).\(ProcessIdentity.threadID()).tmp")
    do throws(Errno) {
      let lock = try FileLock(trying: createAnew(temporary), .exclusive)
      try lock.file.writeAll(content(), at: 0)
      try FaultPoint.reached("database.lock.prepared")
      try FileSystem.renameExclusively(temporary, to: path)
      return lock
    } catch {
      try? FileSystem.remove(temporary)
      switch error {
      case .fileExists: return nil
      case .invalidArgument, .notSupported: return try createDirectly(path)
      default: throw error
      }
    }
  }

  private static func createAnew(_ path: FilePath) throws(Errno) -> OwnedFileDescriptor {
    do throws(Errno) {
      return try FileSystem.open(path, [.readWrite, .create, .exclusive])
    } catch .fileExists {
      // Left behind by a process of this number, or put there by somebody: whatever it is, it is not written to.
      try? FileSystem.remove(path)
      return try FileSystem.open(path, [.readWrite, .create, .exclusive])
    }
  }

  /// For file systems without RENAME_NOREPLACE.
  private static func createDirectly(_ path: FilePath) throws(Errno) -> FileLock? {
    do throws(Errno) {
      let lock = try FileLock(trying: FileSystem.open(path, [.readWrite, .create, .exclusive]), .exclusive)
      try lock.file.writeAll(content(), at: 0)
      return lock
    } catch .fileExists {
      return nil
    }
  }

  /// `nil` when the file is gone or another one has taken its place.
  @inline(never)
  private static func takeOver(_ path: FilePath) throws(Errno) -> FileLock? {
    do throws(Errno) {
      let file = try FileSystem.open(path, [.readWrite, .noFollow])
      let found = try file.read(upTo: 16, at: 0)
      guard found.count == 16, found[8...].elementsEqual(mark) else { throw .wouldBlock }
      let lock = try FileLock(trying: file, .exclusive)
      let held = try lock.file.status()
      let named = try FileSystem.status(path, followLinks: false)
      guard held.inode == named.inode, held.device == named.device else { return nil }
      try lock.file.writeAll(content(), at: 0)
      return lock
    } catch .noSuchFile {
      return nil
    }
  }

  private static func content() -> [UInt8] {
    var bytes: [UInt8] = []
    appendLittleEndian(Timestamp.now().seconds, to: &bytes)
    bytes.append(contentsOf: mark)
    return bytes
  }
}
