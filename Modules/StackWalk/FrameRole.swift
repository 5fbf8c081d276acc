// Provides what a frame is for a reader who looks for his own code.

/// Why a frame may be folded away.
public enum FrameRole: String, Hashable, Sendable {
  /// Made by the compiler between a caller and a function: a reabstraction, a partial application, the entry of a
  /// protocol's table.
  case thunk
  /// Of the language's runtime, of libc's start or of the way a signal is raised.
  case runtime
  /// The name of a trap, as an inlined function: `Swift runtime failure: arithmetic overflow`.
  case failure

  static let failurePrefix = "Swift runtime failure: "

  /// How the runtime's demangler starts the names of thunks. Source: NodePrinter.cpp of the Swift project.
  private static let thunks = [
    "partial apply forwarder", "partial apply", "protocol witness for ", "dispatch thunk of ",
    "vtable thunk for ", "method lookup function for ", "outlined ", "value witness", "associated type ",
    "protocol conformance ", "lazy protocol witness ", "type metadata ", "generic type metadata ", "key path ",
    "back deployment thunk ", "back deployment fallback ", "distributed thunk ", "autodiff ",
    "protocol self-conformance ",
    "@objc ",
  ]

  /// Names of C functions that stand around every crash and above every stack.
  private static let runtimeNames: Set<String> = [
    "_start", "__libc_start_main", "__libc_start_main_impl", "__libc_start_call_main", "start_thread", "clone",
    "clone3", "__clone", "__clone3", "abort", "raise", "gsignal", "__pthread_kill_implementation",
    "__pthread_kill_internal", "pthread_kill", "__GI_raise", "__GI_abort", "__assert_fail", "__assert_fail_base",
    "__stack_chk_fail", "__fortify_fail", "__libc_message", "_dl_start_user", "__restore_rt", "__cxa_throw",
    "__cxa_rethrow", "_Unwind_RaiseException", "_Unwind_Resume", "__libc_fatal",
  ]
  private static let runtimePrefixes = [
    "swift_", "_swift_", "__swift_", "_ZN5swift", "_ZNK5swift", "_ZZN5swift", "_dispatch_", "dispatch_",
    "$ss17_assertionFailure", "$ss17_fatalErrorMessage", "_ZN10__cxxabiv1", "_ZSt9terminate", "rust_begin_unwind",
    "__rust_",
  ]
  private static let runtimeLibraries = [
    "libswift", "libdispatch", "libBlocksRuntime", "ld-linux", "linux-vdso", "libgcc_s",
  ]

  /// - Parameters:
  ///   - name: as the symbol table has it.
  ///   - module: the last component of the module's path.
  init?(name: String?, readable: String?, module: [UInt8]) {
    if let readable, readable.utf8.starts(with: Self.failurePrefix.utf8) {
      self = .failure
      return
    }
    if let name {
      if Demangler.isSwift(name), let full = Demangler.demangle(name), Self.isThunk(full) {
        self = .thunk
        return
      }
      let plain = name.utf8.firstIndex(of: UInt8(ascii: "@")).map { String(name[..<$0]) } ?? name
      if Self.runtimeNames.contains(plain)
        || Self.runtimePrefixes.contains(where: { plain.utf8.starts(with: $0.utf8) })
      {
        self = .runtime
        return
      }
    }
    guard Self.runtimeLibraries.contains(where: { module.starts(with: $0.utf8) }) else { return nil }
    self = .runtime
  }

  private static func isThunk(_ full: String) -> Bool {
    var text = full[...]
    // `(1) await resume partial function for reabstraction thunk …`
    if text.utf8.first == UInt8(ascii: "("), let range = text.firstRange(of: "partial function for ") {
      text = text[range.upperBound...]
    }
    if text.contains("reabstraction thunk helper ") { return true }
    if text.hasPrefix("merged ") { text = text.dropFirst(7) }
    return thunks.contains { text.utf8.starts(with: $0.utf8) }
  }
}
