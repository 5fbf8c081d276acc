// Provides a program that records a session, a transaction, logs and metrics, and ends as its arguments say.
//
// Usage: SessionFixture HANDLER DATABASE DSN STEP...
import CLinuxShims
import CThreadHook
import CrashClient
import CrashDatabase
import LinuxSystem
import SentryClient
import SentryEnvelope
import StructuredValue

@main
enum Main {
  nonisolated(unsafe) private static var options = ClientOptions()
  nonisolated(unsafe) private static var client: SentryClient?

  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count >= 4 else { exit(64) }
    options.handler = .path(FilePath(arguments[1]))
    options.databasePath = FilePath(arguments[2])
    options.dsn = try? DSN(arguments[3])
    options.release = "fixture@1.2.3"
    options.tracesSampleRate = 1
    // A busy machine must not look like a server or a handler that hangs.
    options.shutdownTimeout = 60_000
    options.crashTimeout = 60_000
    options.crashHookTimeout = 30_000
    options.threadsAreHooked = thread_hook_is_linked() != 0
    for (index, step) in arguments[4...].enumerated() {
      let words = step.split(separator: "=", maxSplits: 1).map { String($0) }
      perform(words[0], words.count > 1 ? words[1] : "", rest: Array(arguments[(5 + index)...]))
    }
  }

  private static func perform(_ step: String, _ word: String, rest: [String]) {
    switch step {
    // Options
    case "no-release": options.release = nil
    case "no-tracking": options.tracksSessions = false
    case "consent-required": options.requiresUserConsent = true
    case "shutdown-timeout": options.shutdownTimeout = Int64(word) ?? 0
    case "discard-crashes": options.hooks.beforeSend = { event, hint in hint.isCrash ? nil : event }
    case "hook-transactions": options.hooks.beforeTransaction = { $0 }
    // Life
    case "start": client = SentryClient(options: options)
    case "consent": client?.setUserConsent(.given)
    case "flush": say("flush", client?.flush(milliseconds: Int64(word) ?? 60_000) ?? false)
    case "close":
      client?.close()
      client = nil
    case "session": client?.startSession()
    case "end-session": client?.endSession()
    case "run": say("run", client?.health.runDirectory?.description ?? "none")
    case "issues": say("issues", client?.health.issues.map { $0.description }.joined(separator: ";") ?? "")
    case "earlier":
      say("earlier", client?.health.earlierRuns.map { $0.ending.rawValue }.sorted().joined(separator: ",") ?? "")
    case "say": say("said", word)
    // Records
    case "error": capture("error")
    case "info": capture("info")
    case "log": client?.log(.info, word)
    case "time-logs":
      // Nanoseconds per call, in batches that the buffer takes.
      var best = Int64.max
      for _ in 0..<50 {
        client?.flushTelemetry()
        let started = MonotonicInstant.now()
        for _ in 0..<99 { client?.log(.info, "the order was shipped", attributes: Self.attributes) }
        best = min(best, (MonotonicInstant.now().nanoseconds - started.nanoseconds) / 99)
      }
      say("log", best)
    case "count": client?.metric(.counter, word, 1)
    case "transaction":
      let transaction = client?.startTransaction(TransactionContext(name: word, operation: "test"))
      client?.bind(transaction)
      transaction?.startChild(operation: "finished").finish()
      _ = transaction?.makeChild(operation: "open")
    case "finish": client?.boundSpan?.finish()
    // Endings
    case "exit": exit(Int32(word) ?? 0)
    case "_exit": _exit(Int32(word) ?? 0)
    case "quick_exit": quick_exit(Int32(word) ?? 0)
    case "signal":
      _ = kill(getpid(), Int32(word) ?? SIGTERM)
      wait()
    case "abort": abort()
    case "segv": UnsafeMutablePointer<Int32>(bitPattern: 16)?.pointee = 1
    case "fatalError": fatalError("the end")
    case "overflow": say("depth", recurse(1))
    case "thread-segv":
      let thread = try? WorkerThread(name: "crasher") { UnsafeMutablePointer<Int32>(bitPattern: 16)?.pointee = 1 }
      thread?.join()
    case "wait": wait()
    case "join":
      guard let file = try? FileSystem.open(FilePath(word).appending("cgroup.procs"), [.write]),
        (try? file.writeAll(Array("\(getpid())".utf8))) != nil
      else { exit(67) }
    case "memory": exhaust()
    case "exec": execute(word, CommandLine.arguments)
    case "exec-self": execute("/proc/self/exe", Array(CommandLine.arguments[..<4]) + rest)
    case "fork-crash": fork { UnsafeMutablePointer<Int32>(bitPattern: 16)?.pointee = 1 }
    case "fork-exit": fork { exit(0) }
    case "fork-error":
      fork {
        capture("error")
        _ = client?.flush(milliseconds: 60_000)
        _exit(0)
      }
    default: exit(64)
    }
  }

  private static let attributes: StructuredObject = {
    var attributes = StructuredObject()
    attributes["number"] = 12
    attributes["carrier"] = "post"
    return attributes
  }()

  private static func capture(_ level: String) {
    var event = StructuredObject()
    event["level"] = .string(level)
    client?.capture(event)
  }

  private static func wait() { while true { CLinuxShims.pause() } }

  private static func recurse(_ depth: Int) -> Int {
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 16) { memory in
      memory.storeBytes(of: depth, as: Int.self)
      return depth == 0 ? 0 : recurse(depth + 1) + memory.load(as: Int.self)
    }
  }

  /// Takes memory until somebody ends the process.
  private static func exhaust() {
    while true {
      let size = 1 << 20
      guard let memory = malloc(size) else { continue }
      memset(memory, 1, size)
    }
  }

  private static func execute(_ path: String, _ arguments: [String]) {
    withCStringArray(arguments.map { FilePath($0) }) { argv in
      _ = FilePath(path).withCString { execv($0, argv) }
    }
    exit(65)
  }

  private static func fork(_ body: () -> Void) {
    let child = linux_fork()
    if child == 0 {
      body()
      _exit(66)
    }
    var status: Int32 = 0
    waitpid(child, &status, 0)
  }

  private static func say(_ name: String, _ value: some CustomStringConvertible) {
    StandardOutput.write("\(name)=\(value)\n")
  }
}

enum StandardOutput {
  static func write(_ text: String) {
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { CLinuxShims.write(1, $0.baseAddress, $0.count) }
  }
}
