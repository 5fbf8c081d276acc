import CLinuxShims
import CrashDatabase
import LinuxSystem
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Housekeeping` {
  let temporary: TemporaryDatabase
  var database: CrashDatabase { temporary.database }

  init() throws { temporary = try TemporaryDatabase() }

  private func setTime(_ file: FilePath, secondsAgo: Int64) {
    var times = [timespec(), timespec()]
    for index in 0..<2 { times[index].tv_sec = Int(Timestamp.now().seconds - secondsAgo) }
    _ = file.withCString { utimensat(AT_FDCWD, $0, times, 0) }
  }

  @Test func `a foreign lock hides its report until it has expired, and does not cost it`() throws {
    let id = try temporary.addReport()
    let lock = temporary.path.appending("pending/\(id).lock")
    func stamped(_ secondsAgo: Int64) -> [UInt8] {
      let time = Timestamp.now().seconds - secondsAgo
      return (0..<8).map { UInt8(truncatingIfNeeded: time >> ($0 * 8)) }
    }
    try FileSystem.write(stamped(100), to: lock)
    #expect(try database.pendingReports().isEmpty)
    database.clean(ttl: 1000)
    #expect(try database.pendingReports().isEmpty)
    database.clean(ttl: 50)
    #expect(try database.pendingReports().map { $0.id } == [id])
    // Its owner was killed before it wrote the time.
    try FileSystem.write([], to: lock)
    setTime(lock, secondsAgo: 100)
    database.clean(ttl: 50)
    #expect(try database.pendingReports().map { $0.id } == [id])
    // The clock was put back: its time is in the future.
    try FileSystem.write(stamped(-1000), to: lock)
    database.clean(ttl: 0)
    #expect(try database.pendingReports().isEmpty)
  }

  @Test func `a foreign dump that is being written is left alone, an old complete one is adopted`() throws {
    let writing = UniqueID.random()
    let complete = UniqueID.random()
    let fresh = UniqueID.random()
    for (id, text, age) in [(writing, "\0\0\0\0", Int64(7200)), (complete, "MDMP", 7200), (fresh, "MDMP", 0)] {
      let file = temporary.path.appending("new/\(id).dmp")
      try FileSystem.write(Array(text.utf8), to: file)
      setTime(file, secondsAgo: age)
    }
    #expect(database.recover().adopted == [complete])
    #expect(try database.pendingReports().map { $0.id } == [complete])
    #expect(temporary.exists("new/\(writing).dmp") && temporary.exists("new/\(fresh).dmp"))
    database.clean(ttl: 3600)
    #expect(!temporary.exists("new/\(writing).dmp") && temporary.exists("new/\(fresh).dmp"))
  }

  @Test func `a dump without metadata is described, one that is no dump goes with its attachments`() throws {
    let good = try temporary.addReport()
    let bad = try temporary.addReport()
    for id in [good, bad] { try FileSystem.write([9], to: temporary.path.appending("pending/\(id).meta")) }
    try FileSystem.write([0, 0, 0, 0], to: temporary.path.appending("pending/\(bad).dmp"))
    #expect(try database.pendingReports().map { $0.id } == [good])
    #expect(try temporary.names("pending") == ["\(good).dmp", "\(good).meta"])
    #expect(try temporary.names("attachments") == ["\(good)"])
  }

  @Test func `attachments without a report go, folders that are not ours stay`() throws {
    let id = try temporary.addReport()
    for name in ["\(UniqueID.random())", "notes"] {
      try FileSystem.createDirectory(temporary.path.appending("attachments/\(name)"))
    }
    try FileSystem.write([1], to: temporary.path.appending("pending/readme.txt"))
    database.clean(ttl: 0)
    #expect(try temporary.names("attachments") == ["\(id)", "notes"].sorted())
    #expect(temporary.exists("pending/readme.txt"))
  }

  @Test func `files that were being made go when they are old, others that are called so stay`() throws {
    let id = UniqueID.random()
    let old = ["pending/\(id).lock.1.1.tmp", "completed/\(id).meta.1.1.tmp", "user-consent.1.1.tmp"]
    let kept = ["mine.tmp", "pending/mine.tmp", "new/\(id).lock.1.1.tmp"]
    for name in old + kept { try FileSystem.write([1], to: temporary.path.appending(name)) }
    for name in old + kept.prefix(2) { setTime(temporary.path.appending(name), secondsAgo: 7200) }
    #expect(database.recover().removedFiles == 3)
    #expect(kept.allSatisfy { temporary.exists($0) })
  }

  @Test func `a link in place of a folder of attachments is not followed`() throws {
    let victim = temporary.path.appending("victim")
    try FileSystem.createDirectory(victim)
    try FileSystem.write([1], to: victim.appending("file"))
    let id = try temporary.addReport()
    let folder = temporary.path.appending("attachments/\(id)")
    try FileSystem.removeTree(folder)
    _ = victim.withCString { target in folder.withCString { symlink(target, $0) } }
    #expect(try database.reportForUploading(id).attachments.isEmpty)
    try database.delete(id)
    #expect(FileSystem.exists(victim.appending("file")))
  }

  @Test func `the oldest go when there are too many or too much, the newest stays`() throws {
    func report(_ creation: Int64, _ size: Int64) -> Report? {
      guard let id = try? temporary.addReport(text: String(repeating: "x", count: Int(size))),
        let found = try? database.lookUp(id)
      else { return nil }
      var metadata = found.metadata
      metadata.creation = creation
      try? FileSystem.write(metadata.bytes, to: temporary.path.appending("pending/\(id).meta"))
      return try? database.lookUp(id)
    }
    let now = Timestamp.now().seconds
    let newest = try #require(report(now - 10, 5000))
    let middle = try #require(report(now - 20, 5000))
    let oldest = try #require(report(now - 40 * 86_400, 10))
    let all = [oldest, newest, middle]
    func condemned(_ policy: PrunePolicy) -> [UniqueID] { policy.condemned(all, now: now).map { $0.id } }
    #expect(condemned(.standard) == [oldest.id])
    #expect(condemned(PrunePolicy(maximumSize: 6000, maximumAge: 0)) == [middle.id, oldest.id])
    #expect(condemned(PrunePolicy(maximumSize: 1, maximumAge: 0)) == [middle.id, oldest.id])
    #expect(condemned(PrunePolicy(maximumSize: 0, maximumAge: 0, maximumCount: 2)) == [oldest.id])
    #expect(condemned(PrunePolicy(maximumSize: 0, maximumAge: 0)) == [])
    #expect(database.prune() == 1)
    #expect(try Set(database.pendingReports().map { $0.id }) == [newest.id, middle.id])
  }

  @Test func `a report that is held is nobody else's until it is released, or deleted`() throws {
    func held() throws -> ReportHold {
      let report = try database.prepareReport()
      try report.file.writeAll(Array("MDMPcontent".utf8), at: 0)
      return try database.finishHeld(report)
    }
    let first = try held()
    let second = try held()
    #expect(try database.pendingReports().isEmpty)
    #expect(throws: CrashDatabaseError.self) { _ = try database.reportForUploading(first.id) }
    database.recover()
    database.prune(PrunePolicy(maximumSize: 1))
    first.release()
    #expect(try database.pendingReports().map { $0.id } == [first.id])
    try database.delete(second)
    #expect(try temporary.names("pending") == ["\(first.id).dmp", "\(first.id).meta"])
  }

  @Test func `a database holds more than fits as soon as dumps and attachments have one byte more`() throws {
    let sizes = try (0..<2).map { _ in try database.lookUp(try temporary.addReport()).totalSize }
    try temporary.upload(try #require(try database.pendingReports().first).id)
    let sum = sizes.reduce(0, +)
    #expect(database.holdsMore(than: sum - 1))
    #expect(!database.holdsMore(than: sum))
    #expect(!database.holdsMore(than: 0))
  }

  @Test func `times at the ends of their range do no harm`() throws {
    let id = try temporary.addReport()
    var metadata = try database.lookUp(id).metadata
    metadata.creation = .min
    metadata.lastUploadAttempt = .max
    metadata.uploadAttempts = .max
    try FileSystem.write(metadata.bytes, to: temporary.path.appending("pending/\(id).meta"))
    try database.recordFailedAttempt(try database.reportForUploading(id))
    #expect(try database.lookUp(id).metadata.uploadAttempts == .max)
    database.clean(ttl: .max)
    database.clean(ttl: 0)
    _ = PrunePolicy().condemned(try database.pendingReports(), now: .max)
  }
}

@Suite(.timeLimit(.minutes(10))) struct `Run directories` {
  let temporary: TemporaryDatabase
  init() throws { temporary = try TemporaryDatabase() }

  private func dead() -> [UniqueID] {
    var found: [UniqueID] = []
    RunDirectory.forEachDead(in: temporary.path) { run in
      found.append(run.id)
      return .keep
    }
    return found
  }

  @Test func `a living run is not visited, a dead one is, and goes when it is told to`() throws {
    let input = try Pipe()
    let output = try Pipe()
    let child = try temporary.start(
      ["run"], input: .descriptor(input.reader.rawValue), output: .descriptor(output.writer))
    output.closeWriter()
    #expect(try output.readLine() == "ready\n")
    #expect(dead().isEmpty)
    child.send(signal: 9)
    _ = try child.wait()
    #expect(dead().count == 1)
    RunDirectory.forEachDead(in: temporary.path) { run in
      #expect((try? FileSystem.read(run.path.appending("__sentry-event"))) == Array("event".utf8))
      return .remove
    }
    #expect(dead().isEmpty)
    #expect(try FileSystem.entries(of: temporary.path).count == 4)
  }

  @Test func `a run that ends well leaves nothing`() throws {
    let run = try RunDirectory(creatingIn: temporary.path)
    #expect(try FileSystem.status(run.path).permissions == 0o700)
    #expect(try FileSystem.status(run.path.addingSuffix(".lock")).kind == .regular)
    run.remove()
    #expect(try FileSystem.entries(of: temporary.path).count == 4)
  }

  @Test func `a run on which Sentry's daemon still works is left alone`() throws {
    let run = FilePath("\(temporary.path)/\(UniqueID.random()).run")
    try FileSystem.createDirectory(run)
    let daemon = try FileLock(
      trying: FileSystem.open(run.addingSuffix(".daemon.lock"), [.readWrite, .create]), .exclusive)
    #expect(dead().isEmpty)
    daemon.release()
    #expect(dead().count == 1)
  }

  @Test func `an installation keeps its identifier until its project changes`() {
    let first = InstallationID.load(database: temporary.path, publicKey: "key")
    #expect(InstallationID.load(database: temporary.path, publicKey: "key") == first)
    let second = InstallationID.load(database: temporary.path, publicKey: "other")
    #expect(second != first)
    #expect(InstallationID.load(database: "/proc/nothing", publicKey: "") != first)
  }

  @Test func `consent and the mark of a crash are one small file each`() throws {
    #expect(UserConsent.load(database: temporary.path) == .unknown)
    try UserConsent.given.store(database: temporary.path)
    #expect(try FileSystem.read(temporary.path.appending("user-consent")) == Array("1\n".utf8))
    #expect(UserConsent.load(database: temporary.path) == .given)
    try UserConsent.revoked.store(database: temporary.path)
    #expect(UserConsent.load(database: temporary.path) == .revoked)
    #expect(!LastCrash.isMarked(database: temporary.path))
    try LastCrash.mark(database: temporary.path, at: Timestamp(seconds: 0))
    #expect(
      try FileSystem.read(temporary.path.appending("last_crash")) == Array("1970-01-01T00:00:00.000000Z".utf8))
    #expect(LastCrash.isMarked(database: temporary.path))
    LastCrash.acknowledge(database: temporary.path)
    #expect(!LastCrash.isMarked(database: temporary.path))
    #expect(FileSystem.exists(temporary.path.appending("last_crash")))
    try LastCrash.mark(database: temporary.path)
    #expect(LastCrash.isMarked(database: temporary.path))
    LastCrash.clear(database: temporary.path)
    LastCrash.acknowledge(database: temporary.path)
    #expect(!LastCrash.isMarked(database: temporary.path))
  }
}
