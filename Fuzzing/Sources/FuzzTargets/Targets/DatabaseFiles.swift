// Provides the fuzz target of the small files of a crash report database, which peers of other versions write.
@testable import CrashDatabase
import LinuxSystem

let databaseFiles = FuzzTarget(
  name: "database-files",
  seeds: {
    var metadata = ReportMetadata(creation: 1_700_000_000)
    let short = metadata.bytes
    metadata.remoteID = Array("deadbeef".utf8)
    metadata.isUploaded = true
    metadata.uploadAttempts = 2
    return [
      ("settings", SettingsRecord(clientID: .zero).bytes), ("metadata", short), ("metadata-remote", metadata.bytes),
      ("metadata-32bit", Array(short.prefix(20)) + [3, 0, 0, 0] + metadata.remoteID),
      ("lock", [1, 2, 3, 4, 5, 6, 7, 8]),
      ("identifier", Array(UniqueID.zero.description.utf8)), ("name", Array("log.tar.gz".utf8)),
    ]
  },
  body: { bytes in
    let bytes = [UInt8](bytes)
    if let settings = SettingsRecord(bytes: bytes) {
      precondition(SettingsRecord(bytes: settings.bytes) == settings, "settings changed by being written and read")
    }
    if let metadata = ReportMetadata(bytes: bytes) {
      precondition(metadata.remoteID.count <= ReportMetadata.remoteIDLimit)
      use(ReportMetadata(bytes: metadata.bytes))
    }
    use(UniqueID(text: bytes))
    let name = AttachmentName.repaired(bytes)
    precondition(!name.isEmpty && name.count <= 255 && !name.contains(0x2f), "an attachment's name leaves its folder")
    use(AttachmentName.numbered(name, 1))
    use(FilePath(bytes: bytes).directory)
    use(FilePath(bytes: bytes).lastComponent)
  })
