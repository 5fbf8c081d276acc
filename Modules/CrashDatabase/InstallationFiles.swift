// Provides the small files that the SDKs keep in the database's folder: installation, consent, last crash.
public import LinuxSystem

/// Identifies an installation of an application towards one project.
public enum InstallationID {
  /// Reads `<database>/installation_id`, or makes it: a UUID and the public key it belongs to, each with a newline.
  ///
  /// - Parameter publicKey: of the DSN; empty without one. Another key than the stored one gives a new identifier.
  /// - Returns: the identifier; a fresh one that could not be stored when the folder is not writable.
  public static func load(database: FilePath, publicKey: String) -> UniqueID {
    let path = database.appending("installation_id")
    if let bytes = try? FileSystem.readRegular(path, limit: 4096) {
      let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      if let first = lines.first, let id = UniqueID(text: Array(first)) {
        let stored = lines.count > 1 ? Array(lines[1]) : []
        if stored == Array(publicKey.utf8) { return id }
      }
    }
    let id = UniqueID.random()
    try? FileSystem.replace(path, with: Array("\(id)\n\(publicKey)\n".utf8))
    return id
  }
}

/// What the user said about sending reports.
public enum UserConsent: Sendable, Hashable {
  case unknown, given, revoked

  /// Reads `<database>/user-consent`: its first byte decides.
  public static func load(database: FilePath) -> UserConsent {
    guard let file = try? FileSystem.open(database.appending("user-consent"), [.nonBlocking]),
      let byte = (try? file.read(upTo: 1, at: 0))?.first
    else { return .unknown }
    switch byte {
    case UInt8(ascii: "1"): return .given
    case UInt8(ascii: "0"): return .revoked
    default: return .unknown
    }
  }

  /// Stores the answer; `unknown` removes the file.
  public func store(database: FilePath) throws(CrashDatabaseError) {
    let path = database.appending("user-consent")
    let text: String
    switch self {
    case .unknown:
      try? FileSystem.remove(path)
      return
    case .given: text = "1\n"
    case .revoked: text = "0\n"
    }
    try doing("write", path) { () throws(Errno) in try FileSystem.replace(path, with: Array(text.utf8)) }
  }
}

/// The mark that a crash leaves for the next start.
public enum LastCrash {
  /// Writes `<database>/last_crash`: a time stamp, without a newline. Only its existence matters to other SDKs.
  public static func mark(database: FilePath, at time: Timestamp = .now()) throws(CrashDatabaseError) {
    let path = database.appending("last_crash")
    try doing("write", path) { () throws(Errno) in try FileSystem.replace(path, with: Array(time.iso8601.utf8)) }
  }

  /// Whether there is a mark that no start has been told of.
  public static func isMarked(database: FilePath) -> Bool {
    let status = try? FileSystem.status(database.appending("last_crash"), followLinks: false)
    return status.map { $0.modified.seconds != 0 } ?? false
  }

  /// Remembers that a start was told of the crash: the file is as old as can be then. It stays, since programs look for
  /// it, and a foreign SDK removes it only when the application says so. Another crash writes it anew.
  public static func acknowledge(database: FilePath) {
    do throws(Errno) {
      try FileSystem.setModified(database.appending("last_crash"), seconds: 0)
    } catch {
      if error != .noSuchFile { clear(database: database) }
    }
  }

  /// Removes the mark.
  public static func clear(database: FilePath) { try? FileSystem.remove(database.appending("last_crash")) }
}
