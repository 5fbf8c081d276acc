// Provides what the victim can be told to do.
import CLinuxShims
import CThreadHook
import CrashClient
import CrashProtocol
import Dispatch
import LinuxSystem

nonisolated(unsafe) private var configuration = HandlerConfiguration(databasePath: "/nonexistent")
nonisolated(unsafe) private var hooks = CrashClient.Hooks()
nonisolated(unsafe) private var client: CrashClient?
nonisolated(unsafe) private var previousHandlerExits = false
nonisolated(unsafe) private var previousHandlerReturns = false

/// Performs one step: `name` or `name=value`. Unknown ones end the program with 99.
func perform(_ step: String) {
  let parts = step.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
  let value = parts.count > 1 ? String(parts[1]) : ""
  switch parts[0] {
  case "handler": configuration.location = .path(FilePath(value))
  case "database": configuration.databasePath = FilePath(value)
  case "chromium": configuration.dialect = .chromium
  case "marker": configuration.crashMarkerPath = FilePath(value)
  case "argument": configuration.extraArguments.append(FilePath(value))
  case "environment": configuration.environment.append(FilePath(value))
  case "attachment": configuration.attachments.append(FilePath(value))
  case "report-id": configuration.reportID = UniqueID(value)
  case "wait-for-upload": configuration.waitsForUpload = true
  case "start-timeout": configuration.startTimeout = Int32(value) ?? 0
  case "dump-timeout": configuration.dumpTimeout = Int32(value) ?? 0
  case "hook-crashes": hooks.beforeRequest = crashingHook
  case "hooks-talk":
    hooks.beforeRequest = talkingHook
    hooks.afterRequest = laterHook
  case "start":
    let begin = MonotonicInstant.now()
    do {
      client = try CrashClient.start(configuration, hooks: hooks, threadHook: thread_hook_is_linked() == 1)
    } catch { say("failed code=\(error.code.rawValue) \(error)") }
    say("start took=\((MonotonicInstant.now().nanoseconds - begin.nanoseconds) / 1_000_000)")
  case "stop":
    client?.stop()
    client = nil
  case "health":
    guard let health = client?.health else { return say("health none") }
    say(
      "health alive=\(health.isHandlerAlive) answered=\(health.handlerAnswered) pid=\(health.handlerProcessID)"
        + " ours=\(health.ourHandlerVersion.map { "\($0)" } ?? "-") installed=\(health.isInstalled)"
        + " overridden=\(health.overriddenSignals) uncovered=\(health.threadsWithoutAlternateStack.count)")
  case "settle":
    // A thread that is just starting or ending counts as uncovered.
    let deadline = MonotonicInstant.now().advanced(milliseconds: 10_000)
    while client?.health.threadsWithoutAlternateStack.isEmpty == false, deadline.millisecondsFromNow() > 0 {
      sched_yield()
    }
  case "children":
    let result = waitpid(-1, nil, WNOHANG)
    say("children none=\(result == -1 && Errno.current == .noChildren)")
  case "files": say("files \(((try? FileSystem.entries(of: "/proc/self/fd")) ?? []).count)")
  case "maps": say("maps \(mappings())")
  case "add": report { () throws(CrashClientError) in try client?.addAttachment(FilePath(value)) }
  case "remove": report { () throws(CrashClientError) in try client?.removeAttachment(FilePath(value)) }
  case "retry": report { () throws(CrashClientError) in try client?.requestRetry() }
  case "dump": report { () throws(CrashClientError) in try client?.dumpWithoutCrash() }
  case "write":
    report { () throws(CrashClientError) in
      try client?.writeAttachment(.replace, to: FilePath(value), Array("written".utf8))
    }
  case "append":
    report { () throws(CrashClientError) in
      try client?.writeAttachment(.append, to: FilePath(value), Array("+more".utf8))
    }
  case "write-large":
    report { () throws(CrashClientError) in
      try client?.writeAttachment(.replace, to: FilePath(value), [UInt8](repeating: 7, count: 300_000))
    }
  case "previous-handler": installPreviousHandler(exits: value == "exits")
  case "circle": installCircle()
  case "crash-elsewhere":
    startThread { die("segv") }
    // The crash is under way when it has an owner.
    while crash_load64(crash_path_owner()) == 0 { sched_yield() }
  case "fork-health":
    let child = fork()
    if child == 0 {
      perform("health")
      _exit(0)
    }
    waitpid(child, nil, 0)
  case "other-client": installOtherClient(value)
  case "other-socket": otherClientSocket = Int32(value) ?? -1
  case "other-command": otherClientCommand.append(value)
  case "exit": exit(Int32(value) ?? 0)
  case "survivor": previousHandlerReturns = true
  case "survival": crash_path().pointee.survival = (Int64(value) ?? 0) * 1_000_000
  case "ignore": ignoreSignal(Int32(value) ?? 0)
  case "undumpable": _ = linux_prctl(Int32(PR_SET_DUMPABLE), 0, 0, 0, 0)
  case "close-standard": for descriptor in Int32(0)...2 where descriptor != 1 { close(descriptor) }
  case "waiting-thread": startWaitingThread(blocking: value == "blocking")
  case "waiting-stack": askWaitingThread()
  case "stacks": sayStacks()
  case "own-stack": keepOwnStack()
  case "threads": churnThreads(Int(value) ?? 0)
  case "fork": forkAndCrash()
  case "vfork": crashInSharedMemory()
  case "kill-handler": signalHandler(SIGKILL)
  case "stop-handler": signalHandler(SIGSTOP)
  case "fill": fillSocket()
  case "storage":
    let state = crash_path().pointee
    say("storage socket=\(state.socket > 2) enabled=\(state.enabled == 1) timeout=\(state.timeout / 1_000_000)")
  case "storm": stormOfSignals()
  case "at-once": crashAtOnce(Int(value) ?? 2)
  case "say": say(value)
  case "raise": raiseSignal(value)
  case "die": die(value)
  case "pthread": onThread { die(value) }
  case "dispatch":
    let done = DispatchSemaphore(value: 0)
    DispatchQueue.global().async {
      die(value)
      done.signal()
    }
    done.wait()
  default:
    say("unknown step \(step)")
    exit(99)
  }
}

private func report(_ body: () throws(CrashClientError) -> Void) {
  do {
    try body()
    say("ok")
  } catch { say("failed code=\(error.code.rawValue) \(error)") }
}

private func mappings() -> Int {
  ((try? FileSystem.read("/proc/self/maps", limit: 1 << 22)) ?? []).count { $0 == UInt8(ascii: "\n") }
}

private let crashingHook: CrashClient.Hooks.Function = { _, _, _ in
  UnsafeMutablePointer<Int32>(bitPattern: 24)?.pointee = 1
}
private let talkingHook: CrashClient.Hooks.Function = { signal, _, _ in write(1, "hook before\n", 12) }
private let laterHook: CrashClient.Hooks.Function = { signal, _, _ in write(1, "hook after\n", 11) }

private func installPreviousHandler(exits: Bool) {
  previousHandlerExits = exits
  var action = sigaction()
  action.__sigaction_handler.sa_sigaction = previousHandler
  action.sa_flags = SA_SIGINFO | SA_ONSTACK
  for signal in [SIGSEGV, SIGABRT, SIGILL] { sigaction(signal, &action, nil) }
}

private func previousHandler(
  _ signal: Int32, _ info: UnsafeMutablePointer<siginfo_t>?, _ context: UnsafeMutableRawPointer?
) {
  guard let info else { return }
  let address = UnsafeRawPointer(info).loadUnaligned(fromByteOffset: 16, as: UInt64.self)
  say("previous signal=\(signal) code=\(info.pointee.si_code) address=\(address)")
  if previousHandlerExits { _exit(42) }
  if previousHandlerReturns { return }
  setAction(signal, 0)
}

nonisolated(unsafe) private var belowCircle = sigaction()

/// A handler that calls the one that was there before it, as many libraries do.
private func installCircle() {
  var action = sigaction()
  action.__sigaction_handler.sa_sigaction = circle
  action.sa_flags = SA_SIGINFO | SA_ONSTACK
  sigaction(SIGSEGV, &action, &belowCircle)
}

private func circle(
  _ signal: Int32, _ info: UnsafeMutablePointer<siginfo_t>?, _ context: UnsafeMutableRawPointer?
) {
  say("circle")
  belowCircle.__sigaction_handler.sa_sigaction?(signal, info, context)
}

/// Handler 0 is SIG_DFL, 1 is SIG_IGN.
func setAction(_ signal: Int32, _ handler: UInt64) {
  var action = crash_signal_action(handler: handler, flags: 0, restorer: 0, mask: 0)
  _ = crash_rt_sigaction(signal, &action, nil)
}
private func ignoreSignal(_ signal: Int32) { setAction(signal, 1) }

/// Sends a signal to the handler; for SIGKILL, waits until its end of the connection is closed.
private func signalHandler(_ signal: Int32) {
  guard let process = client?.health.handlerProcessID else { return }
  kill(process, signal)
  while signal == SIGKILL, client?.health.isHandlerAlive == true { sched_yield() }
}

/// Sends messages until the handler, which is stopped, takes no more.
private func fillSocket() {
  for _ in 0..<10_000 {
    do { try client?.addAttachment("/x") } catch {
      if let process = client?.health.handlerProcessID { atExitContinue(process) }
      return say("filled")
    }
  }
}

/// A stopped handler must not stay behind: a child of this process wakes it when this process is gone.
private func atExitContinue(_ process: Int32) {
  let parent = getpid()
  if fork() != 0 { return }
  for descriptor in Int32(3)..<64 { close(descriptor) }
  while kill(parent, 0) == 0, getppid() == parent { usleep(10_000) }
  kill(process, SIGCONT)
  _exit(0)
}
