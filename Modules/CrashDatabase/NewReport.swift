// Provides a report that is being written.
public import LinuxSystem

/// A report that is being written: it owns the dump's file, and is removed with its attachments unless it is finished.
///
/// Not thread safe.
public struct NewReport: ~Copyable, Sendable {
  public let id: UniqueID
  /// The dump's file while it is being written. It moves when the report is finished.
  public let path: FilePath
  /// The dump's file, open for reading and writing, empty at first.
  ///
  /// - Important: write the four bytes of the signature `MDMP` last: recovery takes a dump that begins with them for a
  ///   complete one.
  public let file: OwnedFileDescriptor

  private let attachments: FilePath
  internal let lock: ReportLock
  internal var isFinished = false

  internal init(
    id: UniqueID, path: FilePath, file: consuming OwnedFileDescriptor, attachments: FilePath,
    lock: consuming ReportLock
  ) {
    self.id = id
    self.path = path
    self.file = file
    self.attachments = attachments
    self.lock = lock
  }

  deinit {
    if isFinished { return }
    try? FileSystem.remove(path)
    if FileSystem.exists(attachments) { try? FileSystem.removeTree(attachments) }
  }

  /// Creates an attachment.
  ///
  /// - Parameter name: characters other than `[A-Za-z0-9_.-]` become `_`; a name that is taken gets `-N` before its
  ///   extensions.
  /// - Returns: the empty file, open for writing.
  public func addAttachment(name: [UInt8]) throws(CrashDatabaseError) -> OwnedFileDescriptor {
    let repaired = AttachmentName.repaired(name)
    if !FileSystem.exists(attachments) {
      try doing("create the folder", attachments) { () throws(Errno) in try FileSystem.createDirectory(attachments) }
    }
    var candidate = repaired
    var number = 0
    while true {
      let path = attachments.appending(bytes: candidate)
      do throws(Errno) {
        return try FileSystem.open(path, [.write, .create, .exclusive])
      } catch {
        number += 1
        if error != .fileExists || number > 4095 { throw .file("create the attachment", path, error) }
        candidate = AttachmentName.numbered(repaired, number)
      }
    }
  }

  /// Copies a file into the report.
  ///
  /// - Parameters:
  ///   - source: a regular file; pipes and devices are refused, so that the copy ends.
  ///   - name: `nil` for the last component of `source`.
  ///   - limit: bytes; what is beyond is not copied. The file may grow while it is copied.
  /// - Returns: bytes that were copied.
  @discardableResult
  public func copyAttachment(
    from source: FilePath, name: [UInt8]? = nil, limit: Int64 = 1 << 30
  ) throws(CrashDatabaseError) -> Int64 {
    let input = try doing("open", source) { () throws(Errno) -> OwnedFileDescriptor in
      let file = try FileSystem.open(source, [.nonBlocking])
      if try file.status().kind != .regular { throw .invalidArgument }
      return file
    }
    let output = try addAttachment(name: name ?? source.lastComponent)
    return try doing("copy", source) { () throws(Errno) -> Int64 in
      var copied: Int64 = 0
      while copied < limit {
        let chunk = try input.read(upTo: Int(min(256 * 1024, limit - copied)), at: copied)
        if chunk.isEmpty { break }
        try output.writeAll(chunk)
        copied += Int64(chunk.count)
      }
      return copied
    }
  }
}
