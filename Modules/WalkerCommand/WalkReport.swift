// Provides the result of a walk.
internal import LinuxSystem
internal import StackWalk

/// The stacks of all threads of a dump.
struct WalkReport {
  struct Thread {
    let id: UInt32
    let name: String?
    let isCrashed: Bool
    let stack: SymbolizedStack
    /// Names and values as the processor's manual orders them.
    var registers: [(name: String, value: UInt64)] = []
  }
  /// An executable or a library that was mapped.
  struct Module {
    let path: FilePath
    let base: UInt64
    let size: UInt64
    /// In lower-case hex: of an ELF file the whole build ID.
    let codeID: String
    /// In Breakpad's form; empty when it is unknown.
    let debugID: String
  }
  /// `nil` for a dump of a process that did not crash.
  var crash: CrashReason?
  /// What the program said before it died.
  var message: String?
  /// The crashed one first.
  var threads: [Thread] = []
  var modules: [Module] = []
  /// What kept frames or names from being found.
  var problems: [String] = []

  /// What a person calls the crash: what the program said, with the signal behind it.
  func reason(of crash: CrashReason) -> String {
    guard let line = message.map(Self.firstLine), !line.isEmpty else { return crash.reason }
    return "\(line) (\(crash.reason))"
  }

  /// `main.swift:3: Fatal error: Index out of range` is `Index out of range`, and so is the compiler's name of the trap.
  private static func firstLine(_ message: String) -> String {
    var line = message.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: true).first ?? ""
    for mark in ["Fatal error: ", "Swift runtime failure: "] {
      if let range = line.firstRange(of: mark), line.distance(from: range.upperBound, to: line.endIndex) > 0 {
        line = line[range.upperBound...]
      }
    }
    return String(line.prefix(200))
  }
}
