// Provides a look at all reports of a database that disturbs nobody.
public import LinuxSystem
import StableOrder

/// A report in whatever state, as it lay on disk at one moment.
public struct SurveyedReport: Sendable {
  /// The folder that holds the report.
  public enum Stage: Sendable, Hashable {
    /// Being written, or left behind by a writer that died.
    case new
    /// Waiting for its upload.
    case pending
    /// Uploaded, or given up.
    case completed
  }

  public let id: UniqueID
  public let stage: Stage
  /// The dump.
  public let path: FilePath
  /// What was recorded. Made up from the dump's time where nothing is: always so in `new`.
  public let metadata: ReportMetadata
  public let attachments: [Attachment]
  /// Bytes of the dump and of its attachments.
  public let totalSize: Int64
  /// Whether there is a lock file: somebody works on the report, or died over it.
  public let isLocked: Bool
}

extension CrashDatabase {
  /// Whether a folder looks like a database, ours or Crashpad's. `init` would make one of any folder.
  public static func exists(at path: FilePath) -> Bool {
    FileSystem.isRegularFile(path.appending("settings.dat"))
      || ["new", "pending", "completed"].allSatisfy { FileSystem.isDirectory(path.appending($0)) }
  }

  /// All reports, oldest first. Takes no locks, changes nothing, and needs no right to write.
  public func survey() throws(CrashDatabaseError) -> [SurveyedReport] {
    var found: [SurveyedReport] = []
    // In the order in which reports move: one that moves meanwhile is seen twice rather than never.
    for (folder, stage) in [(Folder.new, SurveyedReport.Stage.new), (.pending, .pending), (.completed, .completed)] {
      let identifiers = try doing("list", path.appending(folder.name)) {
        () throws(Errno) -> [UniqueID] in try self.identifiers(in: folder.name, suffix: ".dmp").known
      }
      for id in identifiers {
        let file = dump(folder, id)
        guard let status = try? FileSystem.status(file, followLinks: false), status.kind == .regular else { continue }
        let files = attachments(of: id)
        found.removeAll { $0.id == id }
        found.append(
          SurveyedReport(
            id: id, stage: stage, path: file,
            metadata: loadMetadata(folder, id) ?? ReportMetadata(creation: status.modified.seconds),
            attachments: files, totalSize: files.reduce(status.size) { $0 &+ $1.size },
            isLocked: FileSystem.exists(lockFile(folder, id))))
      }
    }
    return found.inOrder { left, right in
      if left.metadata.creation != right.metadata.creation { return left.metadata.creation < right.metadata.creation }
      return left.id.bytes.lexicographicallyPrecedes(right.id.bytes)
    }
  }
}
