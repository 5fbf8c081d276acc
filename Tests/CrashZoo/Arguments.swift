// Provides the command line of CrashZoo.

import CLinuxShims

struct Arguments {
  var flavor = ""
  var thread = CrashThread.main
  var database = ""
  var handler = ""
  var dsn = ""
  /// A FIFO that the program makes when it is ready; it dies when somebody opens it for writing.
  var gate = ""
  /// Threads that do nothing, beside those that change everything; `nil`: neither.
  var turbulence: Int?
  var floodLimit = 0
  /// Seconds that a crash waits for its dump at most. Long, so that a busy machine does not look like a handler that hangs.
  var crashTimeout = 60
  var usesSDK = true
  /// Whether a handler that has ended is started again before the crash.
  var restartsHandler = true
  var listsFlavors = false

  struct Failure: Error { let message: String }

  static let usage = """
    Usage: CrashZoo --flavor NAME [--thread main|pthread|dispatch|task]
                    (--no-sdk | --handler FILE --database DIR [--dsn DSN]) [--gate FIFO] [--no-restart]
                    [--turbulence THREADS] [--flood-limit N] [--crash-timeout SECONDS]
           CrashZoo --list
    Prints one line of JSON about the crash to come, then dies of it.

    """

  static func parse(_ words: [String]) -> Result<Arguments, Failure> {
    var result = Arguments()
    var rest = words[...]
    while let word = rest.popFirst() {
      switch word {
      case "--no-sdk": result.usesSDK = false
      case "--no-restart": result.restartsHandler = false
      case "--list": result.listsFlavors = true
      case "--flavor", "--thread", "--database", "--handler", "--dsn", "--gate", "--turbulence", "--flood-limit",
        "--crash-timeout":
        guard let value = rest.popFirst() else { return .failure(Failure(message: "\(word) needs a value")) }
        switch word {
        case "--flavor": result.flavor = value
        case "--database": result.database = value
        case "--handler": result.handler = value
        case "--dsn": result.dsn = value
        case "--gate": result.gate = value
        case "--turbulence": result.turbulence = Int(value)
        case "--crash-timeout": result.crashTimeout = Int(value) ?? 0
        case "--flood-limit": result.floodLimit = Int(value) ?? 0
        default:
          guard let thread = CrashThread(rawValue: value) else {
            return .failure(Failure(message: "no kind of thread '\(value)'"))
          }
          result.thread = thread
        }
      default: return .failure(Failure(message: "unknown option '\(word)'"))
      }
    }
    if !result.listsFlavors && result.usesSDK && (result.handler.isEmpty || result.database.isEmpty) {
      return .failure(Failure(message: "--handler and --database are needed, or --no-sdk"))
    }
    return .success(result)
  }
}

/// Standard error: Swift sees libc's `stderr` as shared mutable state.
func stderrStream() -> UnsafeMutablePointer<FILE>? { fdopen(dup(2), "w") }
