// Provides the settings file of a database: read and changed under its lock.
public import LinuxSystem

/// The settings of a database on disk. Nothing is cached: other processes change them too.
///
/// The file is made when it is first needed, and made anew (with another client id, uploads disabled) when it is
/// unreadable. Changes are one write of 40 bytes in place, so that a kill leaves the old or the new content.
public struct DatabaseSettings: Sendable {
  public let path: FilePath

  /// - Parameter database: the folder of the database.
  public init(database: FilePath) { path = database.appending("settings.dat") }

  /// Identifies this installation. Made with the file, and kept.
  public func clientID() throws(CrashDatabaseError) -> UniqueID { try read().clientID }
  /// Whether reports may be sent.
  public func uploadsEnabled() throws(CrashDatabaseError) -> Bool { try read().uploadsEnabled }
  /// Whether reports wait, for consent mostly.
  public func uploadsPaused() throws(CrashDatabaseError) -> Bool { try read().uploadsPaused }
  /// When an upload was last tried by any process, in seconds since 1970; 0 for never.
  public func lastUploadAttempt() throws(CrashDatabaseError) -> Int64 { try read().lastUploadAttempt }

  public func setUploadsEnabled(_ enabled: Bool) throws(CrashDatabaseError) {
    try update { $0.uploadsEnabled = enabled }
  }
  public func setUploadsPaused(_ paused: Bool) throws(CrashDatabaseError) {
    try update { $0.uploadsPaused = paused }
  }
  public func setLastUploadAttempt(_ seconds: Int64) throws(CrashDatabaseError) {
    try update { $0.lastUploadAttempt = seconds }
  }

  /// All settings at one moment.
  public func read() throws(CrashDatabaseError) -> SettingsRecord {
    do throws(Errno) {
      let lock = try acquire(FileSystem.openRegular(path), .shared)
      if let record = SettingsRecord(bytes: try Self.content(lock.file)) { return record }
    } catch .noSuchFile {
      // Made below.
    } catch {
      throw failure("read", error)
    }
    return try update { _ in }
  }

  /// Changes the settings under the exclusive lock.
  ///
  /// - Returns: what is on disk now.
  @discardableResult
  public func update(_ change: (inout SettingsRecord) -> Void) throws(CrashDatabaseError) -> SettingsRecord {
    do throws(Errno) {
      var lock = try acquire(FileSystem.openRegular(path, [.readWrite, .create]), .exclusive)
      if try lock.file.status().links > 1 {
        // Somebody gave another file this name; what is written here must not land there.
        try FileSystem.remove(path)
        lock = try acquire(FileSystem.openRegular(path, [.readWrite, .create, .exclusive]), .exclusive)
      }
      let before = SettingsRecord(bytes: try Self.content(lock.file))
      var record = before ?? SettingsRecord(clientID: .random())
      change(&record)
      if record != before {
        // A file that was cut or of another kind is replaced whole; a longer one of a later version keeps its end.
        if before == nil { try lock.file.truncate(to: 0) }
        try FaultPoint.reached("database.settings.write")
        try lock.file.writeAll(record.bytes, at: 0)
      }
      return record
    } catch {
      throw failure("change", error)
    }
  }

  private func failure(_ action: String, _ error: Errno) -> CrashDatabaseError {
    CrashDatabaseError(.database, "cannot \(action) the settings \(path)", error)
  }

  private static func content(_ file: borrowing OwnedFileDescriptor) throws(Errno) -> [UInt8] {
    try file.read(upTo: SettingsRecord.size, at: 0)
  }

  /// The lock is held for microseconds by everybody, so a holder that keeps it for seconds is broken; an application
  /// must not hang over it.
  private func acquire(_ file: consuming OwnedFileDescriptor, _ mode: FileLock.Mode) throws(Errno) -> FileLock {
    try FileLock(waitingFor: file, mode, milliseconds: 2000)
  }
}
