// Provides what is still on its way: reports that are written or wait for their upload.
public import LinuxSystem

extension CrashDatabase {
  /// Whether a report with this identifier is being written, by a process that lives or lived.
  public func isBeingWritten(_ id: UniqueID) -> Bool {
    FileSystem.exists(dump(.new, id)) || FileSystem.exists(lockFile(.new, id))
  }

  /// Reports that are being written, wait, or are being uploaded. Unlike `pendingReports` it takes no locks, so that
  /// looking does not hinder those who work.
  public func unsentReports() -> [UniqueID] {
    // A report that moves from one folder to the other meanwhile is seen in one of them at least.
    let new = (try? identifiers(in: "new", suffix: ".dmp").known) ?? []
    let pending = (try? identifiers(in: "pending", suffix: ".dmp").known) ?? []
    return new + pending.filter { !new.contains($0) }
  }

  /// What was recorded of a pending report, without taking its lock; `nil` when it is not pending or not described.
  public func glance(_ id: UniqueID) -> ReportMetadata? {
    FileSystem.exists(dump(.pending, id)) ? loadMetadata(.pending, id) : nil
  }
}
