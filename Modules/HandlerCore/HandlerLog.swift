// Provides the handler's log: lines on standard error and in a file.
internal import CLinuxShims
public import LinuxSystem

/// The handler's log. Lines have Crashpad's form, `[PID:TID:YYYYMMDD,HHMMSS.UUUUUU:SEVERITY FILE:LINE] MESSAGE`, in UTC.
///
/// Used by one thread.
public final class HandlerLog {
  /// How much a line matters; numbers are those of `--log-level`.
  public enum Level: Int32, Sendable, Comparable {
    /// What helps to find a fault of the handler itself.
    case verbose = -1
    /// What was done.
    case info = 0
    /// Something is not as it should be, and nothing is lost.
    case warning = 1
    /// Something is lost, or will be.
    case error = 2
    /// The handler cannot go on.
    case fatal = 4

    public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }

    fileprivate var name: StaticString {
      switch self {
      case .verbose: "VERBOSE1"
      case .info: "INFO"
      case .warning: "WARNING"
      case .error: "ERROR"
      case .fatal: "FATAL"
      }
    }
  }

  private let threshold: Level
  private let file: Int32?
  private let standardErrorThreshold: Level

  /// - Parameters:
  ///   - threshold: lines below do not reach the file.
  ///   - standardErrorThreshold: lines below do not reach standard error.
  ///   - path: a file that lines are appended to, made when absent. When it cannot be opened the log goes to
  ///     standard error alone.
  public init(threshold: Level, standardErrorThreshold: Level, file path: FilePath?) {
    self.threshold = threshold
    self.standardErrorThreshold = standardErrorThreshold
    guard let path else {
      file = nil
      return
    }
    // Kept open for the life of the process: a forked upload writes to the same file.
    file = (try? FileSystem.open(path, [.write, .create, .append]))?.release()
  }

  deinit { if let file { _ = close(file) } }

  /// Writes a line of level `verbose`, if it is wanted.
  public func verbose(_ message: String, source: StaticString = #fileID, line: UInt = #line) {
    write(.verbose, message, source, line)
  }
  /// Writes a line of level `info`, if it is wanted.
  public func info(_ message: String, source: StaticString = #fileID, line: UInt = #line) {
    write(.info, message, source, line)
  }
  /// Writes a line of level `warning`, if it is wanted.
  public func warning(_ message: String, source: StaticString = #fileID, line: UInt = #line) {
    write(.warning, message, source, line)
  }
  /// Writes a line of level `error`, if it is wanted.
  public func error(_ message: String, source: StaticString = #fileID, line: UInt = #line) {
    write(.error, message, source, line)
  }

  // Never inlined: there are many callers, and none of them is hot.
  @inline(never)
  private func write(_ level: Level, _ message: String, _ source: StaticString, _ line: UInt) {
    if level < min(threshold, standardErrorThreshold) { return }
    let stamp = Timestamp.now().iso8601.utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: ":") }
    let time = String(
      decoding: stamp.map { $0 == UInt8(ascii: "T") ? UInt8(ascii: ",") : $0 }.dropLast(), as: UTF8.self)
    let name = FilePath(source.description).lastComponent
    let text =
      "[\(getpid()):\(linux_gettid()):\(time):\(level.name) \(String(decoding: name, as: UTF8.self)):\(line)] "
      + message + "\n"
    let bytes = Array(text.utf8)
    // One write a line, so that lines of several processes do not mix; a full disk costs the line only.
    bytes.withUnsafeBytes { buffer in
      if level >= standardErrorThreshold { _ = CLinuxShims.write(2, buffer.baseAddress, buffer.count) }
      if let file, level >= threshold { _ = CLinuxShims.write(file, buffer.baseAddress, buffer.count) }
    }
  }
}
