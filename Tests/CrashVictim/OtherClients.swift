// Provides clients that do not use our crash client: alone with their handler, or starting it at the crash.
import CLinuxShims
import CrashProtocol
import LinuxSystem

/// What the signal handler of such a client does.
enum OtherClient: String {
  /// Sends a request on a socket that others use too, and waits for SIGCONT.
  case shared
  /// Sends a request on a socket of its own, and does what the handler's messages say.
  case alone
  /// The same, but does not allow to be traced.
  case refusing
  /// The same as `alone`, by our own code: it also forks a broker.
  case brokering
  /// The same in Sentry's dialect.
  case brokeringForSentry = "brokering-for-sentry"
  /// Starts the handler, and waits for its end.
  case launching
}

nonisolated(unsafe) private var client = OtherClient.shared
nonisolated(unsafe) var otherClientSocket: Int32 = -1
nonisolated(unsafe) var otherClientCommand: [String] = []
/// Seconds that a crash waits for the handler's answer.
nonisolated(unsafe) var otherClientPatience = 100
nonisolated(unsafe) private let record = UnsafeMutablePointer<crash_exception_information>.allocate(capacity: 1)

func installOtherClient(_ name: String) {
  client = OtherClient(rawValue: name) ?? .shared
  var action = sigaction()
  action.__sigaction_handler.sa_sigaction = otherClientCrashed
  action.sa_flags = SA_SIGINFO
  sigaction(SIGSEGV, &action, nil)
}

/// The victim's faults are its own plain code: what it calls here holds no lock at that time.
private func otherClientCrashed(
  _ signal: Int32, _ info: UnsafeMutablePointer<siginfo_t>?, _ context: UnsafeMutableRawPointer?
) {
  record.pointee.siginfo_address = UInt64(UInt(bitPattern: info))
  record.pointee.ucontext_address = UInt64(UInt(bitPattern: context))
  record.pointee.thread_id = linux_gettid()
  let address = UInt64(UInt(bitPattern: record))
  switch client {
  case .launching: launchHandler(address)
  case .shared, .alone, .refusing, .brokering, .brokeringForSentry:
    let request = CrashDumpRequest(
      stackAddress: UInt64(UInt(bitPattern: context)), exceptionInformationAddress: address,
      sanitizationInformationAddress: sanitizationAddress)
    guard
      let packet = try? ClientMessage.crashDumpRequest(request).encoded(
        in: client == .brokeringForSentry ? .sentry : .chromium)
    else { break }
    var continued = sigset_t()
    sigemptyset(&continued)
    sigaddset(&continued, SIGCONT)
    if client == .shared { pthread_sigmask(SIG_BLOCK, &continued, nil) }
    _ = send(otherClientSocket, packet, packet.count, Int32(MSG_NOSIGNAL))
    if client == .shared {
      var limit = timespec(tv_sec: otherClientPatience, tv_nsec: 0)
      var result: Int32
      repeat { result = sigtimedwait(&continued, nil, &limit) } while result < 0 && Errno.current == .interrupted
      say("released signal=\(result)")
    } else if client == .brokering || client == .brokeringForSentry {
      crash_path().pointee.dialect = client == .brokering ? 0 : 1
      let deadline = crash_clock(1) + Int64(otherClientPatience) * 1_000_000_000
      say("conversation \(crash_converse(otherClientSocket, otherClientSocket, deadline))")
    } else {
      converse()
    }
  }
  setAction(signal, 0)
}

/// Does what the handler says until it says that the dump is done.
private func converse() {
  var buffer = [UInt8](repeating: 0, count: 64)
  while true {
    let count = recv(otherClientSocket, &buffer, buffer.count, 0)
    guard count > 0,
      let message = buffer.withUnsafeBytes({ ServerMessage(UnsafeRawBufferPointer(rebasing: $0[..<count])) })
    else { return say("message end") }
    say("message kind=\(message.kind.rawValue) pid=\(message.processID)")
    switch message.kind {
    case .setPtracer:
      var answer: Int32 = client == .refusing ? Errno.notPermitted.rawValue : 0
      _ = send(otherClientSocket, &answer, 4, Int32(MSG_NOSIGNAL))
    case .dumpComplete, .dumpFailed: return
    default: continue
    }
  }
}

private func launchHandler(_ address: UInt64) {
  let rules =
    sanitizationAddress == 0 ? [] : ["--sanitization-information=0x\(String(sanitizationAddress, radix: 16))"]
  let arguments = otherClientCommand + ["--trace-parent-with-exception=0x\(String(address, radix: 16))"] + rules
  guard let path = arguments.first,
    let child = try? ChildProcess.spawn(FilePath(path), arguments: arguments.map { FilePath($0) })
  else { return say("handler missing") }
  say("handler \((try? child.wait()).map { "\($0)" } ?? "-")")
}
