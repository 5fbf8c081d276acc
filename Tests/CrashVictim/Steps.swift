// Provides what the victim can be told to do.
import CConfine
import CCrashZoo
import CLinuxShims
import CThreadHook
import CrashClient
import CrashProtocol
import Dispatch
import LinuxSystem

nonisolated(unsafe) private var configuration = {
  var configuration = HandlerConfiguration(databasePath: "/nonexistent")
  // A busy machine must not look like a handler that hangs.
  configuration.startTimeout = 30_000
  configuration.dumpTimeout = 60_000
  return configuration
}()
nonisolated(unsafe) private var hooks = CrashClient.Hooks()
nonisolated(unsafe) private var client: CrashClient?
nonisolated(unsafe) private var excluded: [Int32] = []
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
  case "private": configuration.sharesConnection = false
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
    configuration.sanitization = crashSanitization
    do {
      client = try CrashClient.start(
        configuration, hooks: hooks, excludedSignals: excluded, threadHook: thread_hook_is_linked() == 1)
    } catch { say("failed code=\(error.code.rawValue) \(error)") }
    say("start took=\((MonotonicInstant.now().nanoseconds - begin.nanoseconds) / 1_000_000)")
  case "start-alone":
    configuration.sanitization = crashSanitization
    do {
      client = try CrashClient.startWithoutHandler(
        configuration, hooks: hooks, threadHook: thread_hook_is_linked() == 1)
    } catch { say("failed code=\(error.code.rawValue) \(error)") }
  case "start-at-crash":
    configuration.sanitization = crashSanitization
    do {
      client = try CrashClient.startAtCrash(
        configuration, hooks: hooks, threadHook: thread_hook_is_linked() == 1)
    } catch { say("failed code=\(error.code.rawValue) \(error)") }
  case "exclude": excluded.append(Int32(value) ?? 0)
  case "chain-at-start": hooks.chainsAtStart = true
  case "first-chance": hooks.firstChance = value == "jumps" ? jumpingDecision : firstDecision
  case "last-chance": hooks.lastChance = lastDecision
  case "provoke": provokeFault()
  case "join":
    // SOCKET:HANDLER:DIALECT, and :private
    let parts = value.split(separator: ":", omittingEmptySubsequences: false)
    let connection = SharedConnection(
      descriptor: Int32(parts[0]) ?? -1, handlerProcessID: Int32(parts[1]),
      dialect: parts[2] == "chromium" ? .chromium : .sentry, isPrivate: parts.count > 3)
    do {
      client = try CrashClient.join(
        connection, dumpTimeout: 60_000, startTimeout: 30_000, sanitization: crashSanitization, hooks: hooks)
      say("joined")
    } catch { say("failed code=\(error.code.rawValue) \(error)") }
  case "serve": serveAnother(value)
  case "sanitize-now":
    report { () throws(CrashClientError) in try client?.sanitize(crashSanitization) }
  case "sanitize-nothing":
    forgetSanitization()
    report { () throws(CrashClientError) in try client?.sanitize(nil) }
  case "remove-file": try? FileSystem.remove(FilePath(value))
  case "exec", "exec-asking", "spawn": continueElsewhere(parts[0] == "spawn", asks: parts[0] == "exec-asking", value)
  case "late-offer":
    // As a thread that waits for a disk while it is offered a stack.
    blockOffers(true)
    pthread_kill(pthread_self(), CRASH_ADOPTION_SIGNAL)
  case "take-offer": blockOffers(false)
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
    let deadline = MonotonicInstant.now().advanced(milliseconds: 60_000)
    var uncovered = -1
    while uncovered != 0, deadline.millisecondsFromNow() > 0 {
      if uncovered > 0 { usleep(1000) }
      uncovered = client?.health.threadsWithoutAlternateStack.count ?? 0
    }
    say("settled uncovered=\(uncovered)")
  case "children":
    let result = waitpid(-1, nil, WNOHANG)
    say("children none=\(result == -1 && Errno.current == .noChildren)")
  case "files": say("files \(((try? FileSystem.entries(of: "/proc/self/fd")) ?? []).count)")
  case "maps": say("maps \(mappings())")
  case "add": report { () throws(CrashClientError) in try client?.addAttachment(FilePath(value)) }
  case "remove": report { () throws(CrashClientError) in try client?.removeAttachment(FilePath(value)) }
  case "retry": report { () throws(CrashClientError) in try client?.requestRetry() }
  case "dump": report { () throws(CrashClientError) in try client?.dumpWithoutCrash() }
  case "dump-everywhere": dumpOnEveryThread(Int(value) ?? 2)
  case "dump-many": dumpFromThreads(Int(value) ?? 0)
  case "open-files":
    for _ in 0..<(Int(value) ?? 0) where dup(1) < 0 {
      say("no more files")
      break
    }
  case "handler-files":
    let path = FilePath("/proc/\(client?.health.handlerProcessID ?? 0)/fd")
    say("handler files \(((try? FileSystem.entries(of: path)) ?? []).count)")
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
  case "annotate": annotate()
  case "records": pushRecords(Int(value) ?? 0)
  case "record-sizes": sayRecordSizes()
  case "crashpad-info": setCrashpadInfo(value)
  case "fill-dictionary": fillDictionary()
  case "storm-of-annotations": stormOfAnnotations(Int(value) ?? 2)
  case "count-allocations": countAllocations()
  case "load": say("loaded \(dlopen(value, RTLD_NOW) != nil)")
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
  case "sanitize-allow", "sanitize-allow-none", "sanitize-target", "sanitize-memory", "sanitize-stacks",
    "sanitize-damage":
    // What is left on the stack of this thread must not point into the module that has no part in the crash.
    let wish = String(parts[0].dropFirst("sanitize-".count))
    onThread { sanitize(wish, value) }
  case "die-with-secrets": dieWithSecrets()
  case "other-client": installOtherClient(value)
  case "other-socket": otherClientSocket = Int32(value) ?? -1
  case "other-command": otherClientCommand.append(value)
  case "other-patience": otherClientPatience = Int(value) ?? 0
  case "exit": exit(Int32(value) ?? 0)
  case "survivor": previousHandlerReturns = true
  case "survival": crash_path().pointee.survival = (Int64(value) ?? 0) * 1_000_000
  case "mending-handler": zoo_install_mending_handler()
  case "mend": say("mended \(zoo_mend())")
  case "unlocking-handler": zoo_install_unlocking_handler()
  case "unlock": say("unlocked \(zoo_unlock())")
  case "block": zoo_block(Int32(value) ?? 0)
  case "signalfd": say("signalfd \(zoo_take_by_signalfd(Int32(value) ?? 0))")
  case "ignore": ignoreSignal(Int32(value) ?? 0)
  case "hide-proc":
    // Not before the start of the program: Swift reads its arguments there.
    if confine_hide_proc() != 0 { say("proc stays") }
  case "deny", "kill":
    if confine_calls(value, parts[0] == "kill" ? 1 : 0) != 0 { say("no sandbox") }
  case "undumpable": _ = linux_prctl(Int32(PR_SET_DUMPABLE), 0, 0, 0, 0)
  case "close-standard": for descriptor in Int32(0)...2 where descriptor != 1 { close(descriptor) }
  case "waiting-thread": startWaitingThread(blocking: value == "blocking")
  case "waiting-stack": askWaitingThread()
  case "stacks": sayStacks()
  case "own-stack": keepOwnStack()
  case "threads": churnThreads(Int(value) ?? 0)
  case "fork": forkAndCrash()
  case "fork-at-once": forkAndCrashAtOnce(Int(value) ?? 2)
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
  case "die-remembering": dieRemembering(value)
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

private let firstDecision: CrashClient.Hooks.Decision = { signal, _, _ in
  write(1, "first chance\n", 13)
  return signal != SIGSEGV
}
private let lastDecision: CrashClient.Hooks.Decision = { _, _, _ in
  write(1, "last chance\n", 12)
  return true
}

/// What a library does that provokes faults and mends them: a WebAssembly runtime, for example.
private let jumpingDecision: CrashClient.Hooks.Decision = { _, info, _ in
  let address = UnsafeRawPointer(info).loadUnaligned(fromByteOffset: 16, as: UInt64.self)
  if address == 0x2a_0000 { zoo_jump_back() }
  return false
}
private func provokeFault() {
  say("provoked \(zoo_recover { UnsafeMutablePointer<Int32>(bitPattern: 0x2a_0000)?.pointee = 1 })")
}

/// Dumps without a crash, ten times on each of so many threads at once.
private func dumpOnEveryThread(_ count: Int) {
  let threads = (0..<count).map { _ in
    startThread {
      for _ in 0..<10 { report { () throws(CrashClientError) in try client?.dumpWithoutCrash() } }
    }
  }
  for thread in threads { pthread_join(thread, nil) }
}

/// Goes on in a new program, in this process or a child: `value` holds its steps, separated by commas.
private func continueElsewhere(_ spawns: Bool, asks: Bool, _ value: String) {
  guard let connection = try? client?.share(), let program = try? FileSystem.executable() else {
    return say("nothing to share")
  }
  let handler = asks ? "" : "\(connection.handlerProcessID ?? 0)"
  let step = "join=\(connection.descriptor):\(handler):\(connection.dialect)"
  let arguments = [program.description, step] + value.split(separator: ",").map { String($0) }
  let child = spawns ? fork() : 0
  if child == 0 {
    withCStringArray(arguments.map { FilePath($0) }) { argv in
      withCStringArray(EnvironmentVariable.all()) { environment in
        _ = program.withCString { execve($0, argv, environment) }
      }
    }
    _exit(98)
  }
  var status: Int32 = 0
  waitpid(child, &status, 0)
  say("child pid=\(child) signal=\(linux_wait_signal(status))")
  close(connection.descriptor)
}

/// Starts a handler for a program of its own that does the steps in `value`, separated by commas, and waits for both.
private func serveAnother(_ value: String) {
  do {
    let connection = try PrivateConnection()
    let program = try FileSystem.executable()
    // Without close-on-exec, and not closed where the compiler sees its last use: before the exec.
    let client = linux_fcntl(connection.client.rawValue, F_DUPFD, 3)
    let join = "join=\(client)::\(configuration.dialect):private"
    let arguments = [program.description] + value.split(separator: ",").map { String($0) }
    let place = arguments.firstIndex(of: "join") ?? arguments.endIndex
    let child = fork()
    if child == 0 {
      let list = arguments[..<place] + [join] + arguments[place...].dropFirst()
      withCStringArray(list.map { FilePath($0) }) { argv in
        withCStringArray(EnvironmentVariable.all()) { environment in
          _ = program.withCString { execve($0, argv, environment) }
        }
      }
      _exit(98)
    }
    try CrashClient.startHandler(configuration, for: connection.handler)
    _ = consume connection
    close(client)
    var status: Int32 = 0
    waitpid(child, &status, 0)
    say("child pid=\(child) signal=\(linux_wait_signal(status))")
  } catch { say("failed \(error)") }
}

/// Dumps without a crash from four threads at once; says how many went well, and whether SIGCONT is blocked afterwards.
private func dumpFromThreads(_ count: Int) {
  let client = client
  let dumped = UnsafeMutablePointer<Int>.allocate(capacity: 4)
  dumped.initialize(repeating: 0, count: 4)
  nonisolated(unsafe) let counts = dumped
  DispatchQueue.concurrentPerform(iterations: 4) { index in
    for _ in 0..<(count / 4) {
      do throws(CrashClientError) {
        try client?.dumpWithoutCrash()
        counts[index] += 1
      } catch { say("failed code=\(error.code.rawValue) \(error)") }
    }
  }
  var mask = sigset_t()
  pthread_sigmask(SIG_SETMASK, nil, &mask)
  say("dumped \((0..<4).reduce(0) { $0 + dumped[$1] }) blocked=\(sigismember(&mask, SIGCONT) == 1)")
  dumped.deallocate()
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

private func blockOffers(_ isBlocked: Bool) {
  var offers = sigset_t()
  sigemptyset(&offers)
  sigaddset(&offers, CRASH_ADOPTION_SIGNAL)
  pthread_sigmask(isBlocked ? SIG_BLOCK : SIG_UNBLOCK, &offers, nil)
}
