// Provides the removal of what is old or too much.
public import LinuxSystem
import StableOrder

/// How many reports a database keeps. Zero means no limit.
public struct PrunePolicy: Sendable, Hashable {
  /// Bytes of all reports together, with attachments. The newest report is kept whatever its size.
  public var maximumSize: Int64
  /// Seconds since the report was finished.
  public var maximumAge: Int64
  public var maximumCount: Int

  public init(maximumSize: Int64 = 128 << 20, maximumAge: Int64 = 30 * 86_400, maximumCount: Int = 0) {
    self.maximumSize = maximumSize
    self.maximumAge = maximumAge
    self.maximumCount = maximumCount
  }

  /// 128 MiB and 30 days.
  public static let standard = PrunePolicy()

  /// Which of `reports` have to go, oldest last.
  ///
  /// - Parameter now: seconds since 1970.
  public func condemned(_ reports: [Report], now: Int64) -> [Report] {
    let sorted = reports.inOrder { left, right in
      if left.metadata.creation != right.metadata.creation { return left.metadata.creation > right.metadata.creation }
      return left.id.bytes.lexicographicallyPrecedes(right.id.bytes)
    }
    var size: Int64 = 0
    var result: [Report] = []
    for (index, report) in sorted.enumerated() {
      // Removed ones stay in the sum, so that what is older than the first one that is too much goes as well.
      let (sum, overflow) = size.addingReportingOverflow(max(0, report.totalSize))
      size = overflow ? .max : sum
      let (age, _) = now.subtractingReportingOverflow(report.metadata.creation)
      if (maximumSize > 0 && size > maximumSize && index > 0) || (maximumAge > 0 && age > maximumAge)
        || (maximumCount > 0 && index >= maximumCount)
      {
        result.append(report)
      }
    }
    return result
  }
}

extension CrashDatabase {
  /// Removes the oldest reports beyond the policy's limits. Reports that somebody works on stay.
  ///
  /// - Parameter lose: told of each that went and had not been sent, nor given up before.
  /// - Returns: how many went.
  @discardableResult
  public func prune(_ policy: PrunePolicy = .standard, lose: (UniqueID) -> Void = { _ in }) -> Int {
    let pending = (try? pendingReports()) ?? []
    let completed = (try? completedReports()) ?? []
    var removed = 0
    for report in policy.condemned(pending + completed, now: Timestamp.now().seconds)
    where (try? delete(report.id)) != nil {
      removed += 1
      if report.state == .pending { lose(report.id) }
    }
    return removed
  }

  /// Whether the reports and their attachments have more bytes together. Asks for one file's size after the other, and
  /// reads none: for a look after each crash.
  ///
  /// - Parameter limit: bytes; 0 for no limit.
  public func holdsMore(than limit: Int64) -> Bool {
    if limit <= 0 { return false }
    var sum: Int64 = 0
    for folder in [Folder.pending, .completed] {
      for name in (try? FileSystem.entries(of: path.appending(folder.name))) ?? []
      where name.suffix(4).elementsEqual(".dmp".utf8) {
        let file = path.appending(folder.name).appending(bytes: name)
        sum = sum &+ ((try? FileSystem.status(file, followLinks: false))?.size ?? 0)
        if sum > limit { return true }
      }
    }
    for name in (try? FileSystem.entries(of: path.appending("attachments"))) ?? [] {
      guard let id = UniqueID(text: name) else { continue }
      for attachment in attachments(of: id) { sum = sum &+ attachment.size }
      if sum > limit { return true }
    }
    return false
  }

  /// Recovers, and removes what nobody will ever finish: files in `new` and foreign locks that are older than `ttl`.
  /// The report of an expired lock is kept and becomes available again; Crashpad would remove it.
  ///
  /// - Parameter ttl: seconds. Handlers use three days.
  /// - Returns: how many files went.
  @discardableResult
  public func clean(ttl: Int64) -> Int {
    let now = Timestamp.now().seconds
    var removed = 0
    for folder in ["pending", "completed", "new"] {
      for name in (try? FileSystem.entries(of: path.appending(folder))) ?? [] {
        let file = path.appending(folder).appending(bytes: name)
        if name.suffix(5).elementsEqual(".lock".utf8) {
          if ReportLock.removeExpired(file, ttl: ttl, now: now) { removed += 1 }
        } else if isForgotten(file, name, folder, ttl: ttl, now: now), (try? FileSystem.remove(file)) != nil {
          removed += 1
        }
      }
    }
    return removed + recover().removedFiles
  }

  /// Whether a file is old and nobody's: anything in `new` without a living lock, elsewhere dumps that are not named as
  /// reports are.
  private func isForgotten(_ file: FilePath, _ name: [UInt8], _ folder: String, ttl: Int64, now: Int64) -> Bool {
    guard let status = try? FileSystem.status(file, followLinks: false), status.kind != .directory,
      status.modified.seconds <= now - ttl
    else { return false }
    guard name.suffix(4).elementsEqual(".dmp".utf8) else { return folder == "new" }
    guard let id = UniqueID(text: Array(name.dropLast(4))) else { return true }
    // Complete dumps, and those of a living or dead owner, are the business of `recover`.
    return folder == "new" && !FileSystem.exists(lockFile(.new, id)) && !isCompleteDump(file)
  }
}
