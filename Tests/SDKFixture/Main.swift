// Provides a program that uses the SDK as a user's program does, told by its arguments what to do.
//
// Usage: SDKFixture HANDLER DATABASE DSN STEP...
import CCrashZoo
import CLinuxShims
import Dispatch
import LinuxSystem
import SentryNative

@main
enum Main {
  static func main() async {
    let arguments = CommandLine.arguments
    guard arguments.count >= 4 else { exit(64) }
    var options = Options()
    options.handlerPath = arguments[1]
    options.databasePath = arguments[2]
    options.dsn = arguments[3].isEmpty ? nil : arguments[3]
    options.releaseName = "fixture@1.2.3"
    // A busy machine must not look like a server or a handler that hangs.
    options.shutdownTimeout = .seconds(60)
    options.crashTimeout = .seconds(60)
    for step in arguments[4...] {
      let words = step.split(separator: "=", omittingEmptySubsequences: false).map { String($0) }
      await perform(words[0], words.count > 1 ? words[1] : "", words.count > 2 ? words[2] : "", &options)
    }
  }

  private static func perform(_ step: String, _ first: String, _ second: String, _ options: inout Options) async {
    if Switches.set(step, first, second, &options) { return }
    if await Captures.perform(step, first, second) { return }
    switch step {
    case "start": SentrySDK.start(options: options)
    case "start-closure": SentrySDK.start { $0.databasePath = first }
    case "tag": SentrySDK.setTag(value: second, key: first)
    case "user": SentrySDK.setUser(User(userId: first, email: second))
    case "breadcrumb": SentrySDK.addBreadcrumb(Breadcrumb(level: .info, category: "test", message: first))
    case "attach": SentrySDK.configureScope { $0.addAttachment(path: first) }
    case "detach": SentrySDK.configureScope { $0.removeAttachment(path: first) }
    case "context":
      var object = StructuredObject()
      object["name"] = .string(second)
      SentrySDK.setContext(value: object, key: first)
    case "extra": SentrySDK.setExtra(value: .string(second), key: first)
    case "attribute": SentrySDK.setAttribute(value: .string(second), key: first)
    case "attach-bytes":
      SentrySDK.addAttachment(Attachment(bytes: Array(second.utf8), filename: first, contentType: "text/x-test"))
    case "level": SentrySDK.configureScope { $0.setLevel(SentryLevel(rawValue: first)) }
    case "fingerprint": SentrySDK.configureScope { $0.setFingerprint([first, second]) }
    case "no-user": SentrySDK.setUser(nil)
    case "clear-breadcrumbs": SentrySDK.clearBreadcrumbs()
    case "remove-tag": SentrySDK.removeTag(key: first)
    case "silence":
      let thread = try? WorkerThread(name: "silent") { Silence.prove() }
      thread?.join()
      say("over", true)
    case "call-costs": CallCosts.show()
    case "mending-handler": zoo_install_mending_handler()
    case "mend": say("mended", zoo_mend() == 1)
    case "consent": SentrySDK.giveUserConsent()
    case "revoke": SentrySDK.revokeUserConsent()
    case "close": SentrySDK.close()
    case "flush": say("flush", flushBlocking(Int(first) ?? 0))
    case "flush-async": say("flush", await SentrySDK.flush(timeout: .milliseconds(Int(first) ?? 0)))
    case "crashed-last-run": say("crashed", SentrySDK.crashedLastRun)
    case "event-id": say("event", SentrySDK.crashEventID.dashed)
    case "captures": say("captures", SentrySDK.health.capturesCrashes)
    case "issues": say("issues", SentrySDK.health.issues.map { $0.code.rawValue }.joined(separator: ","))
    case "snapshot": say("snapshot", SentrySDK.captureSnapshot().dashed)
    case "hang-tracking":
      options.enableAppHangTracking = true
      options.appHangTimeoutInterval = .seconds(3)
    case "hang-loop":
      // A loop of its own: it answers once, then it never does again.
      let loop = DispatchQueue(label: "loop")
      let answered = DispatchSemaphore(value: 0)
      SentrySDK.watchEventLoop("loop-1") { answer in
        loop.async {
          answer()
          answered.signal()
        }
      }
      await withCheckedContinuation { (go: CheckedContinuation<Void, Never>) in
        DispatchQueue.global().async {
          answered.wait()
          loop.async {
            go.resume()
            Hang.forEver()
          }
        }
      }
    case "hang-main":
      // The main queue answers for a while, as long as a busy machine needs to ask it once, then never again.
      await withCheckedContinuation { (go: CheckedContinuation<Void, Never>) in
        DispatchQueue.main.asyncAfter(deadline: .now() + .seconds(3)) {
          go.resume()
          Hang.forEver()
        }
      }
    case "hang-thread":
      var thread = pthread_t()
      _ = pthread_create(
        &thread, nil,
        { _ in
          // It inherits what Dispatch's worker blocks.
          var all = sigset_t()
          sigfillset(&all)
          pthread_sigmask(SIG_UNBLOCK, &all, nil)
          SentrySDK.appHangHeartbeat()
          Hang.forEver()
          return nil
        }, nil)
    case "self-handler":
      options.handlerPath = nil
      options.useSelfHandler = true
    case "remove": try? FileSystem.remove(FilePath(first))
    case "kill-handler": if let handler = SentrySDK.health.handlerProcessID, handler > 0 { kill(handler, SIGKILL) }
    case "await-issue":
      // The runner's own limit ends this when it never comes.
      while !SentrySDK.health.issues.contains(where: { $0.message.contains(first) }) {
        LinuxSystem.pause(milliseconds: 10)
      }
      say("issues", SentrySDK.health.issues)
    case "issue-texts": say("issues", SentrySDK.health.issues)
    case "handler": say("handler", SentrySDK.health.handlerProcessID ?? 0)
    case "earlier": say("earlier", SentrySDK.health.earlierRuns.map { $0.ending.rawValue }.joined(separator: ","))
    case "sent": say("sent", SentrySDK.health.transport.sent)
    case "discarded":
      say(
        "discarded",
        SentrySDK.health.discarded.map { "\($0.key.reason.rawValue)/\($0.key.category.rawValue)/\($0.value)" }.sorted()
          .joined(separator: ","))
    case "last-error": say("last-error", SentrySDK.health.transport.lastError ?? "none")
    case "fill":
      if let file = try? FileSystem.open(FilePath(first), [.write, .create]) {
        for size in [1 << 16, 1 << 12, 1] {
          while (try? file.writeAll([UInt8](repeating: 1, count: size))) != nil {}
        }
      }
      say("full", true)
    case "unfill": try? FileSystem.remove(FilePath(first))
    case "gate":
      // A pipe with a name: until somebody else has opened and closed it.
      _ = try? FileSystem.read(FilePath(first), limit: 16)
    case "last-event": say("last-event", SentrySDK.lastEventID.dashed)
    // To this thread: another one might let this one go on and exit.
    case "signal": _ = raise(Int32(first) ?? SIGTERM)
    case "thread-names": say("threads", threadNames().joined(separator: ","))
    case "start-session": SentrySDK.startSession()
    case "end-session": SentrySDK.endSession()
    case "retry": SentrySDK.retry()
    case "join":
      guard let file = try? FileSystem.open(FilePath(first).appending("cgroup.procs"), [.write]),
        (try? file.writeAll(Array("\(getpid())".utf8))) != nil
      else { exit(67) }
    case "memory": exhaust()
    case "exit": exit(Int32(first) ?? 0)
    case "run": say("run", SentrySDK.health.runDirectory?.description ?? "none")
    case "wait": while true { CLinuxShims.pause() }
    case "kill": _ = kill(getpid(), SIGKILL)
    case "abort": abort()
    case "crash": SentrySDK.crash()
    case "fork-breadcrumb":
      let child = linux_fork()
      if child == 0 {
        SentrySDK.addBreadcrumb(Breadcrumb(message: first))
        SentrySDK.setTag(value: "child", key: "process")
        _exit(0)
      }
      var status: Int32 = 0
      waitpid(child, &status, 0)
    default: exit(64)
    }
  }

  private static func threadNames() -> [String] {
    ((try? FileSystem.entries(of: "/proc/self/task")) ?? []).compactMap { thread in
      (try? FileSystem.read(FilePath("/proc/self/task").appending(bytes: thread).appending("comm"), limit: 64)).map {
        String(decoding: $0.dropLast(), as: UTF8.self)
      }
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

  private static func flushBlocking(_ milliseconds: Int) -> Bool {
    SentrySDK.flush(timeout: .milliseconds(milliseconds))
  }
}

enum Hang {
  /// A function that a stack can be recognised by.
  @inline(never) static func forEver() { while true { CLinuxShims.pause() } }
}
