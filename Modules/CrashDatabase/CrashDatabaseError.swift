// Provides the error of every operation on a crash database.
public import LinuxSystem

/// Why an operation on a crash database failed.
public struct CrashDatabaseError: Error, Sendable, CustomStringConvertible {
  /// What kind of failure it is.
  public enum Code: Sendable, Hashable {
    /// No report with this identifier is pending or completed.
    case notFound
    /// Another process or thread works on the report. Try later.
    case busy
    /// A file could not be created, opened, renamed or removed.
    case fileSystem
    /// Metadata of a report or the settings could not be read or written.
    case database
    /// The report has been uploaded already and is not sent twice.
    case cannotRequestUpload
  }

  public let code: Code
  /// What happened, and what to do about it where something can be done.
  public let message: String
  /// What the kernel said, where it was asked.
  public let underlying: Errno?

  public var description: String {
    if let underlying { return "\(message): \(underlying)" }
    return message
  }

  internal init(_ code: Code, _ message: String, _ underlying: Errno? = nil) {
    self.code = code
    self.message = message
    self.underlying = underlying
  }

  internal static func busy(_ id: UniqueID) -> CrashDatabaseError {
    CrashDatabaseError(.busy, "report \(id) is locked by another process")
  }

  internal static func notFound(_ id: UniqueID) -> CrashDatabaseError {
    CrashDatabaseError(.notFound, "there is no report \(id)")
  }

  @inline(never)
  internal static func file(_ action: String, _ path: FilePath, _ error: Errno) -> CrashDatabaseError {
    CrashDatabaseError(.fileSystem, "cannot \(action) \(path)", error)
  }
}

/// Runs `body` and turns an error number into an error that says what was done to which file.
internal func doing<Result: ~Copyable>(
  _ action: String, _ path: FilePath, _ body: () throws(Errno) -> Result
) throws(CrashDatabaseError) -> Result {
  do throws(Errno) {
    return try body()
  } catch {
    throw .file(action, path, error)
  }
}
