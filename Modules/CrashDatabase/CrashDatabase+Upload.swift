// Provides the steps of an upload: listing, taking, recording the outcome.
public import LinuxSystem

extension CrashDatabase {
  /// Reports that wait for their upload, in no order. Those that somebody works on are missing.
  public func pendingReports() throws(CrashDatabaseError) -> [Report] { try reports(in: .pending) }

  /// Reports that were uploaded or given up, in no order. Those that somebody works on are missing.
  public func completedReports() throws(CrashDatabaseError) -> [Report] { try reports(in: .completed) }

  private func reports(in folder: Folder) throws(CrashDatabaseError) -> [Report] {
    let identifiers = try doing("list", path.appending(folder.name)) {
      () throws(Errno) -> [UniqueID] in try self.identifiers(in: folder.name, suffix: ".dmp").known
    }
    var result: [Report] = []
    for id in identifiers {
      if let report = try? observedReport(folder, id) { result.append(report) }
    }
    return result
  }

  /// Takes a pending report for uploading. It is locked until the outcome is recorded.
  ///
  /// - Throws: `.notFound` when it is not pending, `.busy` when somebody else has it.
  public func reportForUploading(_ id: UniqueID) throws(CrashDatabaseError) -> UploadReport {
    let locks = try lockBoth(id)
    _ = settle(id)
    guard let report = report(.pending, id) else { throw .notFound(id) }
    let dump = try doing("open", report.path) { () throws(Errno) -> OwnedFileDescriptor in
      try FileSystem.openRegular(report.path)
    }
    return UploadReport(
      report: report, dump: dump, attachments: attachments(of: id), lock: locks.releaseCompleted(), database: self)
  }

  /// Records that the server has the report: it becomes completed.
  ///
  /// - Parameter remoteID: the server's answer; at most `ReportMetadata.remoteIDLimit` bytes are kept.
  public func recordUploadComplete(
    _ upload: consuming UploadReport, remoteID: [UInt8]
  ) throws(CrashDatabaseError) {
    let id = upload.report.id
    upload.isSettled = true
    let now = Timestamp.now().seconds
    var metadata = upload.report.metadata
    metadata.remoteID = Array(remoteID.prefix(ReportMetadata.remoteIDLimit))
    metadata.isUploaded = true
    metadata.isUploadExplicitlyRequested = false
    metadata.lastUploadAttempt = now
    metadata.uploadAttempts = metadata.uploadAttempts &+ 1
    // From here on nobody sends it again: a report in `pending` that says so is moved by whoever finds it.
    let path = metadataFile(.pending, id)
    try doing("write", path) { () throws(Errno) in
      try FaultPoint.reached("database.complete.begin")
      try storeMetadata(metadata, .pending, id)
    }
    let completed = try lock(.completed, id, patience: Self.patience)
    try doing("move", upload.report.path) { () throws(Errno) in try move(id, from: .pending, to: .completed) }
    completed.release()
    try settings.setLastUploadAttempt(now)
  }

  /// Records that the upload failed. The report stays pending.
  public func recordFailedAttempt(_ upload: consuming UploadReport) throws(CrashDatabaseError) {
    upload.isSettled = true
    try storeFailedAttempt(upload.report)
  }

  /// Gives a report back that was not sent after all, because the server asked to wait or nothing can be sent from
  /// here. It stays pending, and no attempt is counted.
  public func release(_ upload: consuming UploadReport) { upload.isSettled = true }

  /// The caller holds the lock of `pending`.
  internal func storeFailedAttempt(_ report: Report) throws(CrashDatabaseError) {
    let now = Timestamp.now().seconds
    var metadata = report.metadata
    metadata.remoteID = []
    metadata.isUploaded = false
    metadata.lastUploadAttempt = now
    metadata.uploadAttempts = metadata.uploadAttempts == .max ? .max : metadata.uploadAttempts + 1
    let path = metadataFile(.pending, report.id)
    try doing("write", path) { () throws(Errno) in try storeMetadata(metadata, .pending, report.id) }
    try settings.setLastUploadAttempt(now)
  }

  /// Gives a pending report up without sending it: it becomes completed.
  public func skip(_ id: UniqueID, reason: SkipReason) throws(CrashDatabaseError) {
    let locks = try lockBoth(id)
    _ = settle(id)
    guard let report = report(.pending, id) else { throw .notFound(id) }
    var metadata = report.metadata
    metadata.isUploadExplicitlyRequested = false
    try doing("move", report.path) { () throws(Errno) in
      try storeMetadata(metadata, .pending, id)
      try move(id, from: .pending, to: .completed)
    }
    locks.release()
  }

  /// Asks for the upload of a report that is pending or was given up. It is exempt from consent and throttling then.
  ///
  /// - Throws: `.cannotRequestUpload` when the server has it already.
  public func requestUpload(_ id: UniqueID) throws(CrashDatabaseError) {
    let locks = try lockBoth(id)
    let report = try find(id)
    if report.metadata.isUploaded {
      throw CrashDatabaseError(.cannotRequestUpload, "report \(id) has been uploaded already")
    }
    var metadata = report.metadata
    metadata.isUploadExplicitlyRequested = true
    let folder: Folder = report.state == .pending ? .pending : .completed
    try doing("move", report.path) { () throws(Errno) in
      try storeMetadata(metadata, folder, id)
      if folder == .completed { try move(id, from: .completed, to: .pending) }
    }
    locks.release()
  }
}
