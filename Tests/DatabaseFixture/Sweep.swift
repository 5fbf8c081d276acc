// Provides the death of a process at every one of its system calls, one after the other.
import CLinuxShims
import CrashDatabase
import LinuxSystem

/// Does something to a database in a child that is killed before its Nth system call, for every N, and looks at what
/// recovery makes of what is left. Between two system calls nothing changes on disk, so this is every instruction.
enum Sweep {
  /// What can be seen of one report after recovery.
  enum Outcome: Equatable, CustomStringConvertible {
    case missing
    case report(ReportState, ReportMetadata)
    case broken(String)

    var description: String {
      switch self {
      case .missing: "missing"
      case .broken(let why): "broken(\(why))"
      case .report(let state, let metadata):
        "\(state) attempts=\(metadata.uploadAttempts)\(metadata.isUploaded ? " uploaded" : "")"
          + (metadata.isUploadExplicitlyRequested ? " requested" : "")
          + (metadata.remoteID.isEmpty ? "" : " id=\(String(decoding: metadata.remoteID, as: UTF8.self))")
      }
    }
  }

  /// Runs the sweep and says each outcome once, in the order in which they came: `FIRST-LAST OUTCOME`.
  static func run(
    in folder: FilePath, prepare: (CrashDatabase, UniqueID) throws -> Void,
    _ body: (CrashDatabase, UniqueID) throws -> Void
  ) throws -> [String] {
    var lines: [String] = []
    var last: Outcome?
    var first = 0
    var number = 1
    while true {
      let path = folder.appending("\(number)")
      let id = UniqueID.random()
      let database = try CrashDatabase(path: path)
      try prepare(database, id)
      let isKilled = try kill(beforeCall: number) { try body(database, id) }
      let outcome = look(path, id)
      if outcome != last {
        if let last { lines.append("\(first)-\(number - 1) \(last)") }
        first = number
        last = outcome
      }
      try FileSystem.removeTree(path)
      if !isKilled {
        if let last { lines.append("\(first)-end \(last)") }
        return lines
      }
      number += 1
    }
  }

  /// Lets a forked child run until its Nth system call, and kills it there. `false` when it ended before.
  private static func kill(beforeCall number: Int, _ body: () throws -> Void) throws -> Bool {
    let child = try begin(body)
    // Two stops for each call: before it and after it. Being killed after call N is being killed before call N + 1.
    for _ in 0..<(2 * number - 1) where try !goOn(child) { return false }
    child.send(signal: SIGKILL)
    _ = try child.wait()
    return true
  }

  /// A forked child that stops before it does anything, and then before and after each of its system calls.
  private static func begin(_ body: () throws -> Void) throws -> ChildProcess {
    let child = try ChildProcess.fork {
      _ = linux_ptrace(Int(PTRACE_TRACEME.rawValue), 0, 0, 0)
      raise(SIGSTOP)
      do {
        try body()
        return 0
      } catch {
        return 1
      }
    }
    var status: Int32 = 0
    guard waitpid(child.processID, &status, 0) == child.processID, linux_wait_stopped(status) != 0 else {
      throw Errno.noChildren
    }
    return child
  }

  /// Lets the child run to its next stop. `false` when it has ended.
  private static func goOn(_ child: borrowing ChildProcess) throws -> Bool {
    var status: Int32 = 0
    _ = linux_ptrace(Int(PTRACE_SYSCALL.rawValue), child.processID, 0, 0)
    guard waitpid(child.processID, &status, 0) == child.processID else { throw Errno.noChildren }
    if linux_wait_stopped(status) != 0 { return true }
    guard status == 0 else { throw Errno.inputOutput }
    return false
  }

  /// Lets a child look at a report whose lock is released before the child's Nth system call, by somebody who is about
  /// to take it again, for every N. Says where the child made a lock in its place, and at the end what it saw.
  static func released(in folder: FilePath, _ body: (CrashDatabase, UniqueID) throws -> Void) throws -> [String] {
    var lines: [String] = []
    var number = 1
    while true {
      let path = folder.appending("\(number)")
      let id = UniqueID.random()
      let database = try CrashDatabase(path: path)
      try finish(database, id)
      // As Crashpad writes it.
      let lock = path.appending("pending/\(id).lock")
      try FileSystem.write(withUnsafeBytes(of: Timestamp.now().seconds) { Array($0) }, to: lock)
      let child = try begin { try body(database, id) }
      var stops = 0
      var isIntruding = false
      while try goOn(child) {
        stops += 1
        if stops == 2 * number - 1 { try FileSystem.remove(lock) }
        if stops >= 2 * number - 1 && FileSystem.exists(lock) { isIntruding = true }
      }
      if isIntruding { lines.append("\(number)") }
      let hasEnded = stops < 2 * number - 1
      try FileSystem.removeTree(path)
      if hasEnded { return lines + ["\(number) end"] }
      number += 1
    }
  }

  /// Recovers as the next process would, and looks for the report and for what should not be there.
  private static func look(_ path: FilePath, _ id: UniqueID) -> Outcome {
    do {
      let database = try CrashDatabase(path: path)
      database.recover()
      let all = try database.pendingReports() + database.completedReports()
      var leftovers: [String] = []
      for folder in ["new", "pending", "completed", "attachments"] {
        leftovers += try FileSystem.entries(of: path.appending(folder)).map { String(decoding: $0, as: UTF8.self) }
      }
      leftovers.removeAll { $0.hasSuffix(".tmp") }
      if all.isEmpty { return leftovers.isEmpty ? .missing : .broken("left: \(leftovers)") }
      guard all.count == 1, all[0].id == id else { return .broken("\(all.count) reports") }
      if leftovers.sorted() != ["\(id)", "\(id).dmp", "\(id).meta"] { return .broken("left: \(leftovers)") }
      guard try FileSystem.read(all[0].path) == Array("MDMPcontent".utf8) else { return .broken("another dump") }
      guard try FileSystem.read(path.appending("attachments/\(id)/log.txt")) == Array("log".utf8) else {
        return .broken("another attachment")
      }
      // Times differ from run to run.
      var metadata = all[0].metadata
      metadata.creation = 0
      metadata.lastUploadAttempt = 0
      return .report(all[0].state, metadata)
    } catch {
      return .broken("\(error)")
    }
  }

  static func finish(_ database: CrashDatabase, _ id: UniqueID) throws {
    let report = try database.prepareReport(id: id)
    try report.file.writeAll(Array("\0\0\0\0content".utf8), at: 0)
    try report.addAttachment(name: Array("log.txt".utf8)).writeAll(Array("log".utf8))
    try report.file.writeAll(Array("MDMP".utf8), at: 0)
    try database.finish(report)
  }

  /// The sweep of one kind of step.
  static func of(_ step: String, in folder: FilePath) throws -> [String]? {
    switch step {
    case "finish": try run(in: folder, prepare: { _, _ in }, finish)
    case "upload":
      try run(in: folder, prepare: finish) {
        try $0.recordUploadComplete(try $0.reportForUploading($1), remoteID: Array("answer".utf8))
      }
    case "fail":
      try run(in: folder, prepare: finish) { try $0.recordFailedAttempt(try $0.reportForUploading($1)) }
    case "skip": try run(in: folder, prepare: finish) { try $0.skip($1, reason: .uploadsDisabled) }
    case "request":
      try run(
        in: folder,
        prepare: {
          try finish($0, $1)
          try $0.skip($1, reason: .uploadsDisabled)
        }
      ) { try $0.requestUpload($1) }
    case "delete": try run(in: folder, prepare: finish) { try $0.delete($1) }
    case "recover":
      // A process that is killed while it recovers what another one left.
      try run(
        in: folder,
        prepare: { database, id in
          let child = try ChildProcess.fork {
            setenv("SENTRY_NATIVE_FAULT", "database.move.renamed:kill", 1)
            try? finish(database, id)
            try? database.skip(id, reason: .uploadsDisabled)
            return 0
          }
          _ = try child.wait()
        }
      ) { database, _ in database.recover() }
    case "released-recover": try released(in: folder) { database, _ in database.recover() }
    case "released-list": try released(in: folder) { database, _ in _ = try database.pendingReports() }
    case "released-look": try released(in: folder) { _ = try? $0.lookUp($1) }
    default: nil
    }
  }
}
