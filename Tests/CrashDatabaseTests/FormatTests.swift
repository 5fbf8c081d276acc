import CrashDatabase
import LinuxSystem
import Testing

@Suite struct `Bytes of the database's files` {
  private let settingsExample: [UInt8] = [
    0x73, 0x64, 0x50, 0x43, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x65, 0, 0, 0, 0, 0x33, 0x22, 0x11, 0, 0x55,
    0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
  ]
  private let metadataExample: [UInt8] = [
    1, 0, 0, 0, 1, 0, 0, 0, 0x10, 0, 0, 0x65, 0, 0, 0, 0, 0, 0, 0, 0x65, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x61,
    0x62, 0x63,
  ]

  @Test func `settings are Crashpad's 40 bytes`() throws {
    let record = try #require(SettingsRecord(bytes: settingsExample))
    #expect(record.uploadsEnabled && !record.uploadsPaused)
    #expect(record.lastUploadAttempt == 0x6500_0000)
    #expect(record.clientID.description == "00112233-4455-6677-8899-aabbccddeeff")
    #expect(record.bytes == settingsExample)
  }

  @Test func `options that are not known are kept`() throws {
    var bytes = settingsExample
    bytes[8] = 0xf1
    var record = try #require(SettingsRecord(bytes: bytes))
    record.uploadsPaused = true
    record.uploadsEnabled = false
    #expect(record.bytes[8] == 0xf2)
  }

  @Test func `metadata is Crashpad's 32 bytes and the server's answer`() throws {
    let metadata = try #require(ReportMetadata(bytes: metadataExample))
    #expect(metadata.isUploaded && !metadata.isUploadExplicitlyRequested)
    #expect(metadata.uploadAttempts == 1)
    #expect(metadata.lastUploadAttempt == 0x6500_0010)
    #expect(metadata.creation == 0x6500_0000)
    #expect(metadata.remoteID == Array("abc".utf8))
    #expect(metadata.bytes == metadataExample)
  }

  @Test func `metadata of 32-bit handlers is read`() throws {
    let short: [UInt8] = Array(metadataExample[..<20]) + [2, 9, 9, 9]
    let waiting = try #require(ReportMetadata(bytes: short))
    #expect(waiting.isUploadExplicitlyRequested && waiting.creation == 0x6500_0000 && waiting.remoteID.isEmpty)
    let sent = try #require(
      ReportMetadata(bytes: Array(metadataExample[..<20]) + [1, 9, 9, 9] + Array("an answer".utf8)))
    #expect(sent.isUploaded && sent.remoteID == Array("an answer".utf8))
  }

  @Test func `what is cut or of another version is refused`() {
    for count in 0..<24 { #expect(ReportMetadata(bytes: Array(metadataExample[..<count])) == nil) }
    for count in 0..<40 { #expect(SettingsRecord(bytes: Array(settingsExample[..<count])) == nil) }
    #expect(ReportMetadata(bytes: [2] + metadataExample[1...]) == nil)
    #expect(SettingsRecord(bytes: [0x74] + settingsExample[1...]) == nil)
    #expect(ReportMetadata(bytes: [UInt8](repeating: 0xff, count: 64)) == nil)
  }

  @Test func `a lock begins with its time, as a peer expects`() throws {
    let temporary = try TemporaryDatabase()
    let id = try temporary.addReport()
    let upload = try temporary.database.reportForUploading(id)
    let bytes = try FileSystem.read(temporary.path.appending("pending/\(id).lock"))
    var time: Int64 = 0
    for byte in bytes[..<8].reversed() { time = time << 8 | Int64(byte) }
    #expect(abs(time - Timestamp.now().seconds) < 60)
    try temporary.database.recordUploadComplete(upload, remoteID: [])
    #expect(!temporary.exists("pending/\(id).lock"))
  }
}

@Suite struct `Settings` {
  @Test func `they are made when they are first asked for, with uploads disabled`() throws {
    let temporary = try TemporaryDatabase()
    #expect(!temporary.exists("settings.dat"))
    let settings = temporary.database.settings
    #expect(try settings.uploadsEnabled() == false)
    #expect(try settings.lastUploadAttempt() == 0)
    #expect(try FileSystem.status(settings.path).size == 40)
    let client = try settings.clientID()
    try settings.setUploadsEnabled(true)
    try settings.setUploadsPaused(true)
    #expect(try settings.clientID() == client)
    #expect(try settings.read().options == 3)
  }

  @Test(arguments: [0, 1, 39]) func `a broken file is made anew`(size: Int) throws {
    let temporary = try TemporaryDatabase()
    try FileSystem.write([UInt8](repeating: 0x55, count: size), to: temporary.path.appending("settings.dat"))
    let client = try temporary.database.settings.clientID()
    #expect(client != .zero)
    #expect(try temporary.database.settings.clientID() == client)
  }

  @Test func `what a later version appended is kept`() throws {
    let temporary = try TemporaryDatabase()
    try temporary.database.settings.setUploadsEnabled(true)
    let path = temporary.database.settings.path
    try FileSystem.write(try FileSystem.read(path) + [1, 2, 3], to: path)
    try temporary.database.settings.setUploadsEnabled(false)
    #expect(try FileSystem.read(path).suffix(3) == [1, 2, 3])
  }

  @Test func `a folder that cannot be written is an error that names the file`() {
    let settings = DatabaseSettings(database: "/proc/nothing")
    #expect(throws: CrashDatabaseError.self) { try settings.clientID() }
  }
}
