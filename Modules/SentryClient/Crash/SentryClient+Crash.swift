// Provides what a crash of this process will be: its identifier, its attachments, and what a fork makes of them.
internal import CLinuxShims
internal import CrashDatabase
internal import LinuxSystem
public import SentryEnvelope

extension SentryClient {
  /// This run's folder; `nil` when there is none.
  internal var runPath: FilePath? {
    lock.withLock {
      leaveParent()
      return run?.path
    }
  }

  /// The identifier that a crash of this process will have; known before, so that feedback can name it.
  public var crashEventID: SentryID {
    lock.withLock {
      leaveParent()
      return storedCrashEventID
    }
  }

  /// In a forked child, at its first use of the client: a folder and an identifier of its own. Under `lock`.
  internal func leaveParent() {
    if isOfThisProcess { return }
    adopt()
  }

  /// Not inlined, so that what happens at every change stays short.
  @inline(never)
  private func adopt() {
    generation = ForkGeneration.current
    storedCrashEventID = .random()
    setRecordIdentifier()
    crashScope.adopt()
    // The parent's folder and its lock are the parent's; giving them up here changes nothing there.
    run = nil
    if let database { run = try? RunDirectory(creatingIn: database.path) }
    if !crashScope.store(crashEvent) { noteLocked(.storage, "the scope of this forked process is too large") }
  }

  /// Tells the crashing thread which identifier the report takes.
  internal func setRecordIdentifier() {
    if !crashScope.isPublished { return }
    let target = crash_record_identifier()
    for (index, byte) in storedCrashEventID.bytes.enumerated() { target[index] = byte }
  }

  /// The file that the handler attaches. Bytes get a file in the run directory, under their own name.
  internal func crashPath(_ attachment: Attachment) -> FilePath? {
    switch attachment.content {
    case .file(let path): return path
    case .bytes(let bytes):
      guard let folder = runPath else { return nil }
      let name = AttachmentFileName.safe(attachment.filename)
      let path = folder.appending("attachment-\(AttachmentFileName.digest(bytes))").appending(name)
      if FileSystem.exists(path) { return path }
      do throws(Errno) {
        try FileSystem.createDirectories(path.directory)
        try FileSystem.write(bytes, to: path)
        return path
      } catch {
        log.write(.warning, "the attachment \(attachment.filename) cannot be stored for a crash: \(error)")
        return nil
      }
    }
  }
}

/// Names of files for attachments that are bytes.
internal enum AttachmentFileName {
  /// A single path component, not hidden, of harmless characters.
  static func safe(_ name: String) -> String {
    var bytes = name.utf8.map { byte -> UInt8 in
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): byte
      default: UInt8(ascii: "_")
      }
    }
    bytes = Array(bytes.drop { $0 == UInt8(ascii: ".") }.suffix(200))
    return bytes.isEmpty ? "attachment" : String(decoding: bytes, as: UTF8.self)
  }

  /// FNV-1a: tells files apart, no more.
  static func digest(_ bytes: [UInt8]) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return String(hash, radix: 16)
  }
}
