// Provides the folder of one run of a program, and what became of earlier runs.
public import LinuxSystem

/// A folder `<database>/<uuid>.run` that holds what one process has to say at its crash.
///
/// A lock on `<uuid>.run.lock` is held as long as the process lives, so that others know when it is dead. Format:
/// docs/formats/crash-database.md, "Run directories". Sentry's native SDK uses the same names and locks.
public struct RunDirectory: ~Copyable, Sendable {
  public let id: UniqueID
  /// The folder.
  public let path: FilePath
  private let lock: FileLock

  /// Creates a folder of its own for this process.
  ///
  /// - Parameter database: an existing folder.
  public init(creatingIn database: FilePath) throws(CrashDatabaseError) {
    while true {
      let id = UniqueID.random()
      let path = database.appending("\(id).run")
      let lockPath = path.addingSuffix(".lock")
      // The lock comes first: a folder without a held lock is a dead run's.
      let lock = try doing("lock", lockPath) { () throws(Errno) -> FileLock in
        try FileLock(trying: FileSystem.open(lockPath, [.readWrite, .create, .noFollow]), .exclusive)
      }
      // Somebody may have taken the lock file for a leftover between its creation and its lock.
      guard Self.isNamed(lock, lockPath) else { continue }
      try doing("create", path) { () throws(Errno) in try FileSystem.createDirectory(path) }
      self.id = id
      self.path = path
      self.lock = lock
      return
    }
  }

  /// The folder of a run whose process is dead, or dies within `milliseconds`. As long as the value lives nobody else
  /// works on it.
  ///
  /// - Returns: `nil` when the process lives on, when somebody else is at work, or when there is no such folder.
  public static func claim(_ path: FilePath, milliseconds: Int64) -> RunDirectory? {
    let name = path.lastComponent
    let lockPath = path.addingSuffix(".lock")
    guard name.count == 40, name[36...].elementsEqual(".run".utf8), let id = UniqueID(text: Array(name[..<36])),
      (try? FileSystem.status(path, followLinks: false))?.kind == .directory,
      let file = try? FileSystem.open(lockPath, [.readWrite, .noFollow]),
      let lock = try? FileLock(waitingFor: file, .exclusive, milliseconds: milliseconds), isNamed(lock, lockPath),
      FileSystem.isDirectory(path)
    else { return nil }
    return RunDirectory(id: id, path: path, lock: lock)
  }

  private init(id: UniqueID, path: FilePath, lock: consuming FileLock) {
    self.id = id
    self.path = path
    self.lock = lock
  }

  /// Leaves the folder to whoever comes next.
  private consuming func leave() { lock.release() }

  /// Removes the folder with everything in it, then its lock.
  public consuming func remove() {
    try? FileSystem.removeTree(path)
    try? FileSystem.remove(path.addingSuffix(".lock"))
  }

  /// What is to become of a dead run's folder.
  public enum Disposition: Sendable { case remove, keep }

  /// Visits the folders of runs whose process is dead. While one is visited its lock is held, so that it is visited by
  /// one process only.
  ///
  /// - Parameter visit: decides whether the folder is removed afterwards.
  public static func forEachDead(
    in database: FilePath, excluding own: UniqueID? = nil, _ visit: (borrowing RunDirectory) -> Disposition
  ) {
    for name in (try? FileSystem.entries(of: database)) ?? [] {
      guard name.suffix(4).elementsEqual(".run".utf8) else { continue }
      // Others may call theirs as they like.
      let id = (name.count == 40 ? UniqueID(text: Array(name[..<36])) : nil) ?? .random()
      if id == own { continue }
      let path = database.appending(bytes: name)
      let lockPath = path.addingSuffix(".lock")
      guard (try? FileSystem.status(path, followLinks: false))?.kind == .directory,
        let file = try? FileSystem.open(lockPath, [.readWrite, .create, .noFollow]),
        let lock = try? FileLock(trying: file, .exclusive), isNamed(lock, lockPath)
      else { continue }
      // The daemon of Sentry's "native" backend works on a run after its process has died.
      let daemonPath = path.addingSuffix(".daemon.lock")
      if let file = try? FileSystem.open(daemonPath, [.readWrite, .noFollow]) {
        guard let daemon = try? FileLock(trying: file, .exclusive) else { continue }
        try? FileSystem.remove(daemonPath)
        daemon.release()
      }
      let run = RunDirectory(id: id, path: path, lock: lock)
      switch visit(run) {
      case .remove: run.remove()
      case .keep: run.leave()
      }
    }
  }

  /// Whether the locked file is still the one that the name leads to.
  private static func isNamed(_ lock: borrowing FileLock, _ path: FilePath) -> Bool {
    guard let held = try? lock.file.status(), let named = try? FileSystem.status(path, followLinks: false) else {
      return false
    }
    return held.inode == named.inode && held.device == named.device
  }
}
