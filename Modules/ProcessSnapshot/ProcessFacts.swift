// Provides facts about a process out of /proc.
public import LinuxSystem

/// What `/proc` says of a process. What could not be read is empty or `nil`, with a soft error in the snapshot.
public struct ProcessFacts: Sendable {
  public var parentProcessID: Int32?
  /// Real, effective, saved and file-system user id.
  public var userIDs: [UInt32] = []
  public var groupIDs: [UInt32] = []
  public var startTime: Timestamp?
  /// Seconds, of the whole process.
  public var userSeconds: Double?
  public var systemSeconds: Double?
  public var executable: FilePath?

  // Files as they were read.
  /// Arguments, each ended by NUL.
  public var commandLine: [UInt8] = []
  /// `KEY=VALUE`, each ended by NUL. May hold secrets: a dump gets it only when the caller wants it.
  public var environment: [UInt8] = []
  public var auxiliaryVector: [UInt8] = []
  public var status: [UInt8] = []
  public var limits: [UInt8] = []
  public var maps: [UInt8] = []

  public init() {}
}
