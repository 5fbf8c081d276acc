// Provides how earlier runs ended, as far as anybody can tell.
public import SentryEnvelope

/// A run on this database that ended without `close`, and how.
///
/// What tells it: docs/release-health.md, "How a run ends".
public struct EarlierRun: Sendable, Hashable {
  /// How a run ended. Extensible: compare, do not switch exhaustively.
  public struct Ending: RawRepresentable, Hashable, Sendable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    /// By `exit` or the end of `main`, or by an `exec` of the process that found it.
    public static let exited = Ending(rawValue: "exited")
    /// By a crash of which there is a report.
    public static let crashed = Ending(rawValue: "crashed")
    /// By the kernel, most probably: since its start somebody in its control group was killed for memory.
    public static let outOfMemory = Ending(rawValue: "out-of-memory")
    /// Before the machine's last boot: by that, or by anything before.
    public static let reboot = Ending(rawValue: "reboot")
    /// By a signal that is no crash, `kill -9` for one, or by `_exit`.
    public static let killed = Ending(rawValue: "killed")
    /// Nothing tells: the run had no session, and was not killed for memory.
    public static let unknown = Ending(rawValue: "unknown")
  }

  /// How it ended.
  public var ending: Ending
  /// When it was last known to live; `nil`: nobody knows.
  public var lastSign: EventTime?
}
