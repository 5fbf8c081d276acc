// Provides a crash whose handler sees a system call fail, and what became of the report.
import CLinuxShims
import CrashDatabase
import LinuxSystem
import SentryNativeTesting

/// What became of a crash.
package enum FaultOutcome: Hashable {
  /// The server has it.
  case delivered
  /// It waits in the database.
  case stored
  /// It is not there, and the handler's log says so.
  case counted
  /// It is not there, and nobody says so.
  case lost
  /// The application did not end with its own signal within the bound.
  case wrongDeath(String)

  package var isGood: Bool {
    switch self {
    case .delivered, .stored, .counted: true
    case .lost, .wrongDeath: false
    }
  }
}

/// A crash whose handler strace(1) watches from the moment before.
package struct FaultRun {
  package let outcome: FaultOutcome
  /// The handler's system calls.
  package let log: String
  /// What the handler had to say.
  package let messages: String

  /// What `SHORT_LOG` of Tests/FaultMatrix/ShortTransfers.c names, in the run's folder.
  package static let shortLog = "short-transfers"

  /// - Parameters:
  ///   - injection: as strace's `--inject` takes it; `nil` for none.
  ///   - preload: a library for the handler, in place of strace, and its variables.
  package init(
    handler: FilePath, injection: String?, preload: (library: FilePath, variables: [String: String])? = nil
  ) throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let logs = try TemporaryDirectory(prefix: "faults")
    defer { logs.remove() }
    var environment: [String: String?] = [:]
    if let preload {
      environment = ["LD_PRELOAD": preload.library.description, "SHORT_LOG": "\(logs.appending(Self.shortLog))"]
      for (name, value) in preload.variables { environment[name] = value }
    }
    let run = try GatedRun(
      flavor: "null-write", handler: handler, dsn: server.dsn, crashTimeout: 5, environment: environment)
    defer { run.end() }
    let program = run.process
    let trace = run.folder.appending("trace")
    let tracer: RunningProcess? =
      preload != nil
      ? nil
      : try RunningProcess(
        "/usr/bin/strace",
        ["-f", "-qq", "-s", "0", "-o", trace.description]
          + (injection.map { ["-e", "inject=\($0)"] } ?? []) + ["-p", "\(run.handler)"])
    defer { tracer?.end() }
    if let tracer {
      try waitUntil("strace watches the handler") { Self.tracer(of: run.handler) == tracer.processID }
    }

    var death: String?
    do {
      let termination = try run.crash(timeout: .seconds(75))
      if termination.signal != 11 { death = "\(termination) \(program.errorOutput)" }
    } catch {
      death = "still there after 75 s"
    }
    var isOver = true
    do {
      // A transfer that hangs is given up after a minute.
      try waitUntil("the handler ends", timeout: .seconds(150)) { program.livingFamily().isEmpty }
    } catch {
      isOver = false
    }
    // It writes the rest of its log at its end, which follows the handler's.
    if isOver { try tracer?.wait() }
    log =
      (try? FileSystem.read(preload == nil ? trace : logs.appending(Self.shortLog), limit: 64 << 20)).map {
        String(decoding: $0, as: UTF8.self)
      } ?? ""
    messages = Self.handlerLog(in: run.database) + program.errorOutput
    if !isOver { death = death ?? "the handler is still there after 150 s" }

    if let death {
      outcome = .wrongDeath(death)
      return
    }
    let delivered = server.requests.contains { $0.isComplete && $0.form?.file("upload_file_minidump") != nil }
    let reports = try? CrashDatabase(path: run.database, create: false)
    reports?.recover()
    let kept = (try? reports?.pendingReports().count) ?? 0
    let done = (try? reports?.completedReports().count) ?? 0
    outcome =
      delivered ? .delivered : kept + done > 0 ? .stored : messages.contains("ERROR") ? .counted : .lost
  }

  /// The process that traces another one; 0 for none.
  private static func tracer(of process: Int32) -> Int32 {
    guard let status = try? FileSystem.read(FilePath("/proc/\(process)/status")) else { return 0 }
    let lines = String(decoding: status, as: UTF8.self).split(separator: "\n")
    return lines.first { $0.hasPrefix("TracerPid:") }?.split(separator: "\t").last.flatMap { Int32($0) } ?? 0
  }

  private static func handlerLog(in database: FilePath) -> String {
    ((try? FileSystem.entries(of: database)) ?? []).map { name -> String in
      let file = database.appending(bytes: name).appending("crashpad-handler.log")
      return ((try? FileSystem.read(file, limit: 1 << 20)).map { String(decoding: $0, as: UTF8.self) }) ?? ""
    }.joined()
  }
}
