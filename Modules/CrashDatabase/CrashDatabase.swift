// Provides the database of crash reports: layout, new reports, and reports by identifier.
public import LinuxSystem

/// Crash reports on disk, in the layout of Crashpad's database.
///
/// A report is a dump with metadata and attachments. It is written in `new`, waits in `pending`, and ends in
/// `completed`. Several processes may work on one database, ours and Crashpad's; a lock file beside a report tells that
/// somebody works on it. Every step leaves files from which `recover` restores the report if the process is killed
/// right after it.
///
/// All calls may be made from any thread. Format: docs/formats/crash-database.md.
public final class CrashDatabase: Sendable {
  /// The folder. Absolute when the given one could be resolved, so that a change of the working directory does no harm.
  public let path: FilePath
  /// What all processes on the database share: client identifier, consent, time of the last upload.
  public let settings: DatabaseSettings

  internal enum Folder {
    case new, pending, completed
    var name: String {
      switch self {
      case .new: "new"
      case .pending: "pending"
      case .completed: "completed"
      }
    }
  }

  /// Opens a database and creates the folders that are missing in it.
  ///
  /// - Parameter create: create the database's own folder, and what is missing above it, too.
  public init(path: FilePath, create: Bool = true) throws(CrashDatabaseError) {
    let resolved = try Self.prepare(path, create: create)
    self.path = resolved
    settings = DatabaseSettings(database: resolved)
  }

  private init(prepared path: FilePath) {
    self.path = path
    settings = DatabaseSettings(database: path)
  }

  /// Does what `init(path:)` does. An object whose initialiser fails is leaked by Embedded Swift; here there is none yet.
  public static func open(_ path: FilePath) throws(CrashDatabaseError) -> CrashDatabase {
    CrashDatabase(prepared: try prepare(path, create: true))
  }

  /// Creates what is missing. The path without symbolic links.
  private static func prepare(_ path: FilePath, create: Bool) throws(CrashDatabaseError) -> FilePath {
    if create {
      try doing("create the database", path) { () throws(Errno) in try FileSystem.createDirectories(path) }
    } else if !FileSystem.isDirectory(path) {
      throw .file("open the database", path, .noSuchFile)
    }
    let resolved = (try? FileSystem.resolve(path)) ?? path
    for name in ["new", "pending", "completed", "attachments"] {
      let folder = resolved.appending(name)
      try doing("create", folder) { () throws(Errno) in try FileSystem.createDirectories(folder) }
    }
    return resolved
  }

  /// Starts a report.
  ///
  /// - Parameter id: the identifier it shall have. It is used once: when a report with it exists in any state, or is
  ///   being written, the new one gets a random identifier.
  public func prepareReport(id: UniqueID? = nil) throws(CrashDatabaseError) -> NewReport {
    if let id, !isTaken(id) {
      do throws(CrashDatabaseError) {
        return try makeReport(id)
      } catch {
        if error.code != .busy { throw error }
      }
    }
    return try makeReport(.random())
  }

  /// Whether a report has this identifier, in whatever state, or did and left something behind.
  private func isTaken(_ id: UniqueID) -> Bool {
    for folder in [Folder.new, .pending, .completed] {
      if FileSystem.exists(dump(folder, id)) || FileSystem.exists(metadataFile(folder, id)) { return true }
    }
    return FileSystem.exists(attachmentFolder(id))
  }

  private func makeReport(_ id: UniqueID) throws(CrashDatabaseError) -> NewReport {
    let lock = try lock(.new, id)
    let path = dump(.new, id)
    let file: OwnedFileDescriptor
    do throws(Errno) {
      file = try FileSystem.open(path, [.readWrite, .create, .exclusive])
    } catch {
      throw error == .fileExists ? .busy(id) : .file("create", path, error)
    }
    return NewReport(id: id, path: path, file: file, attachments: attachmentFolder(id), lock: lock)
  }

  /// Moves a written report into `pending`. From then on it survives the end of this process; for a power loss see
  /// `synchronize(_:)`.
  ///
  /// - Returns: the report's identifier.
  /// - Throws: when the dump could not be moved; it is removed then.
  @discardableResult
  public func finish(_ report: consuming NewReport) throws(CrashDatabaseError) -> UniqueID {
    try finish(report, held: nil)
  }

  /// The same for a report of which it is not known yet whether it is kept: nobody else takes it.
  ///
  /// - Returns: what keeps others away. It has the report's identifier.
  public func finishHeld(_ report: consuming NewReport) throws(CrashDatabaseError) -> ReportHold {
    let hold = ReportHold(report.id)
    try finish(report, held: hold)
    return hold
  }

  @discardableResult
  private func finish(
    _ report: consuming NewReport, held hold: ReportHold?
  ) throws(CrashDatabaseError) -> UniqueID {
    let id = report.id
    let pendingLock = lockFile(.pending, id)
    let isLinked = hold == nil && report.lock.addName(pendingLock)
    defer { if isLinked { report.lock.removeName(pendingLock) } }
    var lock: ReportLock?
    if !isLinked { lock = try self.lock(.pending, id, patience: Self.patience) }
    let target = dump(.pending, id)
    do throws(Errno) {
      try FaultPoint.reached("database.finish.locked")
      // A full disk must not cost the report: metadata is made up when it is missing (`Recovery`).
      try? createMetadata(ReportMetadata(creation: Timestamp.now().seconds), .pending, id)
      try FaultPoint.reached("database.finish.described")
      try FileSystem.rename(report.path, to: target)
      report.isFinished = true
      try FaultPoint.reached("database.finish.renamed")
    } catch {
      if !report.isFinished { try? FileSystem.remove(metadataFile(.pending, id)) }
      throw .file("move a report to", target, error)
    }
    if let hold { hold.keep(lock.take()) } else { lock.take()?.release() }
    return id
  }

  /// Flushes a pending report to the device, so that it survives a power loss. Takes long on slow disks: call it after
  /// the crashed process has been released.
  public func synchronize(_ id: UniqueID) throws(CrashDatabaseError) {
    let attachments = attachments(of: id)
    for file in [dump(.pending, id), metadataFile(.pending, id)] + attachments.map({ $0.path }) {
      try doing("synchronize", file) { () throws(Errno) in try FileSystem.openRegular(file).synchronize() }
    }
    // Not `new`: a second name that is left there does no harm.
    try? FileSystem.synchronizeDirectory(path.appending("pending"))
    if attachments.isEmpty { return }
    try? FileSystem.synchronizeDirectory(attachmentFolder(id))
    try? FileSystem.synchronizeDirectory(path.appending("attachments"))
  }

  /// A pending or completed report.
  ///
  /// - Throws: `.notFound`, or `.busy` while somebody works on it.
  public func lookUp(_ id: UniqueID) throws(CrashDatabaseError) -> Report {
    // Once more because an upload on request moves the other way.
    for folder in [Folder.pending, .completed, .pending] {
      if let report = try observedReport(folder, id) { return report }
    }
    throw .notFound(id)
  }

  /// Removes a report, whatever its state, with its attachments.
  public func delete(_ id: UniqueID) throws(CrashDatabaseError) {
    let locks = try lockBoth(id)
    let found = try removeFiles(of: id)
    locks.release()
    if !found { throw .notFound(id) }
  }

  /// Removes a report that is held.
  public func delete(_ hold: ReportHold) throws(CrashDatabaseError) {
    let completed = try lock(.completed, hold.id, patience: Self.patience)
    let found = try removeFiles(of: hold.id)
    completed.release()
    hold.release()
    if !found { throw .notFound(hold.id) }
  }

  /// - Returns: whether there was a dump. Its locks are held.
  private func removeFiles(of id: UniqueID) throws(CrashDatabaseError) -> Bool {
    var found = false
    for folder in [Folder.pending, .completed] where FileSystem.exists(dump(folder, id)) {
      found = true
      let file = dump(folder, id)
      try doing("remove", file) { () throws(Errno) in
        try FileSystem.remove(file)
        try FaultPoint.reached("database.delete.dump")
      }
      try? FileSystem.remove(metadataFile(folder, id))
    }
    if found { removeAttachments(of: id) }
    return found
  }
}
