// Provides the files of a report: where they are, and their locks.
public import LinuxSystem
import StableOrder

/// Both locks of a report, for steps that move it between the folders. The one of `pending` is always taken first.
internal struct ReportLocks: ~Copyable {
  let pending: ReportLock
  let completed: ReportLock
  consuming func release() {}

  /// Keeps the lock of `pending` only.
  consuming func releaseCompleted() -> ReportLock { pending }
}

extension CrashDatabase {
  /// How long a step waits for a lock that another thread's listing may hold, in milliseconds.
  internal static let patience: Int64 = 100

  internal func dump(_ folder: Folder, _ id: UniqueID) -> FilePath { file(folder, id, ".dmp") }
  internal func metadataFile(_ folder: Folder, _ id: UniqueID) -> FilePath { file(folder, id, ".meta") }
  internal func lockFile(_ folder: Folder, _ id: UniqueID) -> FilePath { file(folder, id, ".lock") }
  internal func attachmentFolder(_ id: UniqueID) -> FilePath { path.appending("attachments/\(id)") }

  private func file(_ folder: Folder, _ id: UniqueID, _ suffix: String) -> FilePath {
    path.appending("\(folder.name)/\(id)\(suffix)")
  }

  @inline(never)
  internal func lock(
    _ folder: Folder, _ id: UniqueID, patience: Int64 = 0
  ) throws(CrashDatabaseError) -> ReportLock {
    let path = lockFile(folder, id)
    do throws(Errno) {
      return try ReportLock.acquire(path, patience: patience)
    } catch {
      throw lockError(error, path, id)
    }
  }

  /// The lock that a dead process left; `nil` when there is none.
  private func abandonedLock(_ folder: Folder, _ id: UniqueID) throws(CrashDatabaseError) -> ReportLock? {
    let path = lockFile(folder, id)
    do throws(Errno) {
      return try ReportLock.acquireAbandoned(path)
    } catch {
      throw lockError(error, path, id)
    }
  }

  @inline(never)
  private func lockError(_ error: Errno, _ path: FilePath, _ id: UniqueID) -> CrashDatabaseError {
    error == .wouldBlock ? .busy(id) : .file("take the lock", path, error)
  }

  /// Takes both locks. What a dead process left half done is for `settle`.
  internal func lockBoth(
    _ id: UniqueID, patience: Int64 = CrashDatabase.patience
  ) throws(CrashDatabaseError) -> ReportLocks {
    let pending = try lock(.pending, id, patience: patience)
    let completed = try lock(.completed, id, patience: patience)
    return ReportLocks(pending: pending, completed: completed)
  }

  /// Takes both locks of a report for `settle`, if there is something for it to do.
  ///
  /// Nobody who only looks at reports may be in the way of a handler. Crashpad's takes each lock for its list, releases
  /// it, and takes it again to upload the report; where somebody else has it by then, it comes back a quarter of an hour
  /// later. So a lock that is there is taken over from a dead owner or not at all: made in place of one that was released
  /// at this moment, it would be there when its owner comes again. Seen with Sentry's handler on a busy machine, whose
  /// client looked for what earlier runs had left meanwhile.
  ///
  /// - Returns: `nil` when everything is as it should be.
  /// - Throws: `.busy` when somebody works on it.
  internal func locksForSettling(_ id: UniqueID) throws(CrashDatabaseError) -> ReportLocks? {
    if let pending = try abandonedLock(.pending, id) {
      return ReportLocks(pending: pending, completed: try lock(.completed, id))
    }
    if let completed = try abandonedLock(.completed, id) {
      return ReportLocks(pending: try lock(.pending, id), completed: completed)
    }
    return needsSettling(id) ? try lockBoth(id, patience: 0) : nil
  }

  /// Whether a step was left half done, as far as can be seen without the locks.
  private func needsSettling(_ id: UniqueID) -> Bool {
    for folder in [Folder.pending, .completed] {
      let metadata = loadMetadata(folder, id)
      if FileSystem.exists(dump(folder, id)) {
        guard let metadata, isSettled(metadata, folder) else { return true }
      } else if metadata != nil || FileSystem.exists(metadataFile(folder, id)) {
        return true
      }
    }
    return false
  }

  /// Whether the file begins as a complete dump does.
  internal func isCompleteDump(_ path: FilePath) -> Bool {
    guard let file = try? FileSystem.open(path, [.noFollow, .nonBlocking]),
      (try? file.status())?.kind == .regular
    else { return false }
    return (try? file.read(upTo: 4, at: 0)) == Array("MDMP".utf8)
  }

  /// `nil` when the file is missing or unreadable.
  internal func loadMetadata(_ folder: Folder, _ id: UniqueID) -> ReportMetadata? {
    guard let file = try? FileSystem.open(metadataFile(folder, id), [.noFollow, .nonBlocking]),
      let bytes = try? file.read(upTo: ReportMetadata.fixedSize + ReportMetadata.remoteIDLimit, at: 0)
    else { return nil }
    return ReportMetadata(bytes: bytes)
  }

  /// Replaces the metadata in one step; where there is no room for a second file, in place.
  internal func storeMetadata(_ metadata: ReportMetadata, _ folder: Folder, _ id: UniqueID) throws(Errno) {
    let path = metadataFile(folder, id)
    do throws(Errno) {
      try FaultPoint.reached("database.metadata.write")
      try FileSystem.replace(path, with: metadata.bytes)
    } catch {
      guard let file = try? FileSystem.open(path, [.write, .noFollow]) else { throw error }
      try file.writeAll(metadata.bytes, at: 0)
    }
  }

  /// Metadata of a report that is not there yet: nobody reads it before its dump has come, so it needs no other name
  /// until it is complete.
  internal func createMetadata(_ metadata: ReportMetadata, _ folder: Folder, _ id: UniqueID) throws(Errno) {
    let path = metadataFile(folder, id)
    let file: OwnedFileDescriptor
    do throws(Errno) {
      try FaultPoint.reached("database.metadata.write")
      file = try FileSystem.open(path, [.write, .create, .exclusive])
    } catch .fileExists {
      return try storeMetadata(metadata, folder, id)
    }
    do throws(Errno) {
      try file.writeAll(metadata.bytes, at: 0)
    } catch {
      try? FileSystem.remove(path)
      throw error
    }
  }

  /// Moves a report with its metadata. Its metadata must say already what it is in the new state, so that recovery
  /// takes up from any point in between.
  internal func move(_ id: UniqueID, from source: Folder, to target: Folder) throws(Errno) {
    try FaultPoint.reached("database.move.described")
    try FileSystem.rename(dump(source, id), to: dump(target, id))
    try FaultPoint.reached("database.move.renamed")
    try FileSystem.rename(metadataFile(source, id), to: metadataFile(target, id))
    try FaultPoint.reached("database.move.done")
  }

  /// The report's attachments: regular files, sorted by name.
  public func attachments(of id: UniqueID) -> [Attachment] {
    let folder = attachmentFolder(id)
    guard (try? FileSystem.status(folder, followLinks: false))?.kind == .directory,
      let names = try? FileSystem.entries(of: folder)
    else { return [] }
    var result: [Attachment] = []
    for name in names {
      let path = folder.appending(bytes: name)
      guard let status = try? FileSystem.status(path, followLinks: false), status.kind == .regular else { continue }
      result.append(Attachment(name: name, path: path, size: status.size))
    }
    result = result.inOrder { $0.name.lexicographicallyPrecedes($1.name) }
    return result
  }

  internal func removeAttachments(of id: UniqueID) {
    let folder = attachmentFolder(id)
    // A link to a folder is not ours to empty.
    guard (try? FileSystem.status(folder, followLinks: false))?.kind == .directory else { return }
    try? FileSystem.removeTree(folder)
  }

  /// The report in `folder`, whose lock is held; `nil` when its dump is not there.
  internal func report(_ folder: Folder, _ id: UniqueID) -> Report? {
    let path = dump(folder, id)
    guard let status = try? FileSystem.status(path, followLinks: false), status.kind == .regular else { return nil }
    // Metadata that cannot even be written is made up: the report can be sent from a full disk.
    let metadata = loadMetadata(folder, id) ?? ReportMetadata(creation: status.modified.seconds)
    var size = status.size
    for attachment in attachments(of: id) { size = size &+ attachment.size }
    return Report(
      id: id, state: folder == .pending ? .pending : .completed, path: path, metadata: metadata, totalSize: size)
  }

  /// The report, for somebody who only looks (`locksForSettling`). What a dead process left half done is finished.
  ///
  /// - Returns: `nil` when it is not in the folder.
  /// - Throws: `.busy` when somebody works on it.
  internal func observedReport(_ folder: Folder, _ id: UniqueID) throws(CrashDatabaseError) -> Report? {
    // Somebody may take and release its lock again and again; nobody does so for long.
    for _ in 0..<8 {
      if let report = settledReport(folder, id) { return report }
      if let locks = try locksForSettling(id) {
        _ = settle(id)
        let report = report(folder, id)
        locks.release()
        return report
      }
      if !FileSystem.exists(dump(folder, id)) { return nil }
    }
    throw .busy(id)
  }

  /// The report, read without a lock.
  ///
  /// - Returns: `nil` when somebody holds or left a lock, or when the report is not what its folder says.
  private func settledReport(_ folder: Folder, _ id: UniqueID) -> Report? {
    let locks = [lockFile(.pending, id), lockFile(.completed, id)]
    for lock in locks where FileSystem.exists(lock) { return nil }
    guard let metadata = loadMetadata(folder, id), isSettled(metadata, folder), let report = report(folder, id)
    else { return nil }
    // Whoever works on it now may have begun while it was read.
    for lock in locks where FileSystem.exists(lock) { return nil }
    return report.metadata == metadata ? report : nil
  }

  /// Whether the metadata belongs to the folder, so that nothing was left half done.
  internal func isSettled(_ metadata: ReportMetadata, _ folder: Folder) -> Bool {
    folder == .pending ? !metadata.isUploaded : metadata.isUploaded || !metadata.isUploadExplicitlyRequested
  }

  /// The report in whatever state. Both locks are held.
  internal func find(_ id: UniqueID) throws(CrashDatabaseError) -> Report {
    _ = settle(id)
    guard let report = report(.pending, id) ?? report(.completed, id) else { throw .notFound(id) }
    return report
  }

  /// Identifiers of the files with one suffix in a folder, and the names with that suffix that are no identifiers.
  internal func identifiers(
    in folder: String, suffix: String
  ) throws(Errno) -> (known: [UniqueID], others: [[UInt8]]) {
    Self.identifiers(among: try FileSystem.entries(of: path.appending(folder)), suffix: suffix)
  }

  internal static func identifiers(
    among names: [[UInt8]], suffix: String
  ) -> (known: [UniqueID], others: [[UInt8]]) {
    var known: [UniqueID] = []
    var others: [[UInt8]] = []
    let ending = Array(suffix.utf8)
    for name in names {
      guard name.count >= ending.count, name.suffix(ending.count).elementsEqual(ending) else { continue }
      // Only the canonical text: files are looked up by it.
      if let id = UniqueID(text: Array(name.dropLast(ending.count))),
        name.dropLast(ending.count).elementsEqual(id.description.utf8)
      {
        known.append(id)
      } else {
        others.append(name)
      }
    }
    return (known, others)
  }
}
