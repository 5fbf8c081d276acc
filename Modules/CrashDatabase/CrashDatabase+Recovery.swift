// Provides recovery: what processes that were killed left behind becomes whole reports, or goes.
public import LinuxSystem

/// What `CrashDatabase.recover` did.
public struct RecoveryResult: Sendable, Hashable {
  /// Reports that had been written but not finished, now pending.
  public var adopted: [UniqueID] = []
  /// Reports whose half-done step was finished.
  public var settled: [UniqueID] = []
  /// Files without worth that were removed.
  public var removedFiles = 0

  /// Nothing was left.
  public init() {}
}

extension CrashDatabase {
  /// A complete dump of a foreign handler, which has no lock while it is written, is taken for abandoned after this
  /// many seconds without a change. Copying attachments comes between the last byte and the move.
  private static let foreignGrace: Int64 = 600

  /// Restores what dead processes left: complete dumps in `new` become pending, steps between two states are finished,
  /// remains without a dump are removed. Meant for the start of every process that uses the database; never fails as a
  /// whole, and leaves alone what a living process works on.
  @discardableResult
  public func recover() -> RecoveryResult {
    var result = RecoveryResult()
    let new = names(in: .new)
    adoptNewReports(new, &result)
    result.removedFiles += removeTemporaryFiles(new, in: Folder.new.name)
    for folder in [Folder.pending, .completed] {
      let names = names(in: folder)
      settleReports(names, in: folder, &result)
      result.removedFiles += removeTemporaryFiles(names, in: folder.name)
    }
    result.removedFiles += removeOrphanedAttachments()
    result.removedFiles += removeTemporaryFiles((try? FileSystem.entries(of: path)) ?? [], in: "")
    return result
  }

  private func names(in folder: Folder) -> [[UInt8]] {
    (try? FileSystem.entries(of: path.appending(folder.name))) ?? []
  }

  /// Removes files that were being made when their process died. They live for microseconds; ten minutes are for ever.
  private func removeTemporaryFiles(_ names: [[UInt8]], in folder: String) -> Int {
    let limit = Timestamp.now().seconds - Self.foreignGrace
    var removed = 0
    for name in names where Self.isTemporary(name) {
      let file = path.appending(folder).appending(bytes: name)
      guard let status = try? FileSystem.status(file, followLinks: false), status.kind == .regular,
        status.modified.seconds <= limit, (try? FileSystem.remove(file)) != nil
      else { continue }
      removed += 1
    }
    return removed
  }

  /// Whether `FileSystem.replace` or a lock in the making is called so; other files are not ours.
  private static func isTemporary(_ name: [UInt8]) -> Bool {
    guard name.suffix(4).elementsEqual(".tmp".utf8) else { return false }
    if UniqueID(text: Array(name.prefix(36))) != nil { return true }
    return ["installation_id.", "user-consent.", "last_crash."].contains { name.starts(with: $0.utf8) }
  }

  private func adoptNewReports(_ names: [[UInt8]], _ result: inout RecoveryResult) {
    let now = Timestamp.now().seconds
    var abandoned = Self.identifiers(among: names, suffix: ".lock").known
    let locked = Set(abandoned)
    for id in Self.identifiers(among: names, suffix: ".dmp").known where !locked.contains(id) {
      guard let status = try? FileSystem.status(dump(.new, id), followLinks: false) else { continue }
      if status.modified.seconds <= now - Self.foreignGrace && isCompleteDump(dump(.new, id)) { abandoned.append(id) }
    }
    for id in abandoned {
      guard let lock = try? lock(.new, id) else { continue }
      let path = dump(.new, id)
      if isCompleteDump(path) {
        // Of a process that died while it moved the report: its other lock is the same file.
        lock.removeNameOfOwner(lockFile(.pending, id))
        if adopt(id) { result.adopted.append(id) }
      } else if lock.wasAbandoned {
        // Its writer died before the signature, the last thing to be written: without it nothing can be read.
        if (try? FileSystem.remove(path)) != nil { result.removedFiles += 1 }
      }
      lock.release()
    }
  }

  /// Moves a complete dump of a dead process into `pending`. The lock of `new` is held.
  private func adopt(_ id: UniqueID) -> Bool {
    guard let locks = try? lockBoth(id), !FileSystem.exists(dump(.pending, id)),
      let status = try? FileSystem.status(dump(.new, id), followLinks: false)
    else { return false }
    if loadMetadata(.pending, id) == nil {
      try? storeMetadata(ReportMetadata(creation: status.modified.seconds), .pending, id)
    }
    let isMoved = (try? FileSystem.rename(dump(.new, id), to: dump(.pending, id))) != nil
    locks.release()
    return isMoved
  }

  private func settleReports(_ names: [[UInt8]], in folder: Folder, _ result: inout RecoveryResult) {
    let dumps = Set(Self.identifiers(among: names, suffix: ".dmp").known)
    let metas = Set(Self.identifiers(among: names, suffix: ".meta").known)
    var suspects = dumps.symmetricDifference(metas)
    suspects.formUnion(Self.identifiers(among: names, suffix: ".lock").known)
    for id in dumps.intersection(metas) {
      if let metadata = loadMetadata(folder, id), isSettled(metadata, folder) { continue }
      suspects.insert(id)
    }
    for id in suspects {
      guard let locks = (try? locksForSettling(id)) ?? nil else { continue }
      let outcome = settle(id)
      if outcome.changed { result.settled.append(id) }
      result.removedFiles += outcome.removed
      locks.release()
    }
  }

  /// Finishes a half-done step of one report. Both locks are held.
  internal func settle(_ id: UniqueID) -> (changed: Bool, removed: Int) {
    var changed = false
    var removed = 0
    // 1. Every dump has metadata.
    for (folder, other) in [(Folder.pending, Folder.completed), (.completed, .pending)] {
      guard FileSystem.exists(dump(folder, id)), loadMetadata(folder, id) == nil else { continue }
      if !FileSystem.exists(dump(other, id)), loadMetadata(other, id) != nil {
        // Killed between the two renames of a move.
        changed = (try? FileSystem.rename(metadataFile(other, id), to: metadataFile(folder, id))) != nil || changed
      } else if isCompleteDump(dump(folder, id)) {
        let time = (try? FileSystem.status(dump(folder, id)))?.modified.seconds ?? Timestamp.now().seconds
        changed = (try? storeMetadata(ReportMetadata(creation: time), folder, id)) != nil || changed
      } else {
        for file in [dump(folder, id), metadataFile(folder, id)] where (try? FileSystem.remove(file)) != nil {
          removed += 1
        }
        if !FileSystem.exists(dump(other, id)) { removeAttachments(of: id) }
      }
    }
    // 2. Metadata without a dump is of no use, unless its dump is just about to come.
    for folder in [Folder.pending, .completed] {
      if FileSystem.exists(dump(folder, id)) || !FileSystem.exists(metadataFile(folder, id)) { continue }
      if folder == .pending && FileSystem.exists(dump(.new, id)) { continue }
      if (try? FileSystem.remove(metadataFile(folder, id))) != nil { removed += 1 }
    }
    // 3. A report is where its metadata says.
    if FileSystem.exists(dump(.pending, id)), loadMetadata(.pending, id)?.isUploaded == true {
      changed = (try? move(id, from: .pending, to: .completed)) != nil || changed
    } else if FileSystem.exists(dump(.completed, id)), !FileSystem.exists(dump(.pending, id)),
      let metadata = loadMetadata(.completed, id), metadata.isUploadExplicitlyRequested, !metadata.isUploaded
    {
      changed = (try? move(id, from: .completed, to: .pending)) != nil || changed
    }
    return (changed, removed)
  }

  /// Removes folders of attachments whose report is gone.
  ///
  /// - Returns: how many files went.
  internal func removeOrphanedAttachments() -> Int {
    guard let names = try? FileSystem.entries(of: path.appending("attachments")) else { return 0 }
    var removed = 0
    for name in names {
      // Folders that are named otherwise are not ours.
      guard let id = UniqueID(text: name), name == Array(id.description.utf8) else { continue }
      // In the order in which reports move, and once more because an upload on request moves the other way.
      let folders: [Folder] = [.new, .pending, .completed, .pending]
      let isInUse = folders.contains { folder in
        FileSystem.exists(dump(folder, id)) || FileSystem.exists(lockFile(folder, id))
      }
      if isInUse { continue }
      removed += attachments(of: id).count
      removeAttachments(of: id)
    }
    return removed
  }
}
