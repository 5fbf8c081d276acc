// Provides the ways to die, with what the kernel says of each.

import CCrashZoo
import CLinuxShims

struct CrashFlavor: Sendable {
  let name: String
  /// The signal that ends the program; 0 when it ends by itself.
  let signal: Int32
  /// `si_code`, where it does not depend on the machine.
  var code: Int32?
  /// The address that the dump must name, where it is known beforehand.
  var address: @Sendable () -> UInt64? = { nil }
  /// The start of the message that Swift's runtime leaves behind, where it leaves one.
  var message: String?
  let crash: @Sendable () -> Void

  // Values of <asm-generic/siginfo.h>.
  private static let mapError: Int32 = 1
  private static let accessError: Int32 = 2
  private static let illegalOperand: Int32 = 2
  private static let divideByZero: Int32 = 1
  private static let addressError: Int32 = 2
  private static let seccomp: Int32 = 1
  private static let kernel: Int32 = 0x80
  private static let threadKill: Int32 = -6

  static let all: [CrashFlavor] = faults + swiftTraps + raised + [none]

  private static let faults: [CrashFlavor] = [
    CrashFlavor(
      name: "null-write", signal: SIGSEGV, code: mapError, address: { 0 }, crash: { zoo_null_write() }),
    CrashFlavor(
      name: "non-canonical", signal: SIGSEGV, code: kernel, address: { 0 }, crash: { zoo_non_canonical() }),
    CrashFlavor(name: "jump-null", signal: SIGSEGV, code: mapError, address: { 0 }, crash: { zoo_jump_null() }),
    CrashFlavor(
      name: "ud2", signal: SIGILL, code: illegalOperand, address: { zoo_ud2_address() }, crash: { zoo_ud2() }),
    CrashFlavor(name: "int3", signal: SIGTRAP, code: kernel, address: { 0 }, crash: { zoo_int3() }),
    CrashFlavor(
      name: "divide-by-zero", signal: SIGFPE, code: divideByZero, address: { zoo_divide_address() },
      crash: { zoo_divide() }),
    CrashFlavor(
      name: "bus-truncated-map", signal: SIGBUS, code: addressError, address: { zoo_bus_prepare() },
      crash: { zoo_bus_write() }),
    CrashFlavor(
      name: "seccomp-sys", signal: SIGSYS, code: seccomp, address: { zoo_seccomp_address() },
      crash: {
        let failure = zoo_seccomp_prepare()
        if failure != 0 { exit(failure) }
        zoo_seccomp_call()
      }),
    CrashFlavor(
      name: "misaligned-sse", signal: SIGSEGV, code: kernel, address: { 0 }, crash: { zoo_misaligned_vector() }),
    CrashFlavor(name: "stack-overflow", signal: SIGSEGV, crash: { zoo_stack_overflow() }),
    CrashFlavor(name: "heap-corruption", signal: SIGABRT, code: threadKill, crash: { zoo_double_free() }),
    CrashFlavor(name: "abort", signal: SIGABRT, code: threadKill, crash: { zoo_abort() }),
    CrashFlavor(
      name: "registers", signal: SIGILL, code: illegalOperand, address: { zoo_registers_address() },
      crash: { zoo_registers() }),
  ]

  private static let swiftTraps: [CrashFlavor] = [
    trap("fatal-error", "the zoo called fatalError", SwiftTraps.callFatalError),
    trap("precondition", "the zoo's precondition", SwiftTraps.failPrecondition),
    trap("index-out-of-range", "Index out of range", SwiftTraps.readPastTheEnd),
    trap("nil-unwrap", "Unexpectedly found nil", SwiftTraps.unwrapNil),
    trap("overflow", nil, SwiftTraps.overflow),
    trap("swift-divide-by-zero", "Division by zero", SwiftTraps.divideByZero),
    CrashFlavor(
      name: "failed-cast", signal: SIGABRT, code: threadKill, message: "Could not cast", crash: SwiftTraps.failCast),
    CrashFlavor(
      name: "exclusivity", signal: SIGABRT, code: threadKill, message: "Fatal access conflict",
      crash: SwiftTraps.accessTwice),
  ]

  private static func trap(
    _ name: String, _ message: String?, _ crash: @escaping @Sendable () -> Void
  ) -> CrashFlavor {
    CrashFlavor(name: name, signal: SIGILL, code: illegalOperand, message: message, crash: crash)
  }

  /// The same signals sent by somebody: the code says that nothing faulted.
  private static let raised: [CrashFlavor] = [
    ("abrt", SIGABRT), ("bus", SIGBUS), ("fpe", SIGFPE), ("ill", SIGILL), ("quit", SIGQUIT), ("segv", SIGSEGV),
    ("sys", SIGSYS), ("trap", SIGTRAP), ("xcpu", SIGXCPU), ("xfsz", SIGXFSZ),
  ].map { name, signal in
    CrashFlavor(name: "raise-\(name)", signal: signal, code: threadKill, crash: { zoo_raise(signal) })
  }

  /// A program that does not crash leaves no report.
  private static let none = CrashFlavor(name: "none", signal: 0, crash: { exit(0) })
}

/// Prints what is about to happen, then lets it happen.
func die(_ flavor: CrashFlavor, idleThreads: [Int32]) {
  var facts = "{\"flavor\":\"\(flavor.name)\",\"process\":\(getpid()),\"thread\":\(zoo_thread_id())"
  facts += ",\"signal\":\(flavor.signal)"
  if let code = flavor.code { facts += ",\"code\":\(code)" }
  if let address = flavor.address() { facts += ",\"address\":\"0x\(String(address, radix: 16))\"" }
  if let message = flavor.message { facts += ",\"message\":\"\(message)\"" }
  facts += ",\"idle_threads\":[\(idleThreads.map(String.init).joined(separator: ","))]"
  if flavor.name == "registers" { facts += ",\"registers\":\(registerFacts())" }
  zoo_write_line(facts + "}\n")
  flavor.crash()
  zoo_write_line("survived\n")
  exit(3)
}

private func registerFacts() -> String {
  func hexadecimal(_ value: UInt64) -> String { "\"0x\(String(value, radix: 16))\"" }
  var pairs: [String] = []
  for index in 0..<zoo_register_count() {
    pairs.append("\"\(String(cString: zoo_register_name(index)))\":\(hexadecimal(zoo_register_value(index)))")
  }
  for index in 0..<zoo_vector_count() {
    let halves = (0..<2).map { hexadecimal(zoo_vector_half(index, $0)) }
    pairs.append("\"xmm\(index)\":[\(halves.joined(separator: ","))]")
    if zoo_has_wide_vectors() != 0 {
      let upper = (0..<2).map { hexadecimal(zoo_wide_vector_half(index, $0)) }
      pairs.append("\"ymm\(index)\":[\((halves + upper).joined(separator: ","))]")
    }
  }
  return "{\(pairs.joined(separator: ","))}"
}
