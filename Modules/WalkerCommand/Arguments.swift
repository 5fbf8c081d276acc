// Provides the command line of crashpad_walker.

/// What crashpad_walker was asked to do.
struct Arguments: Equatable {
  enum Format: Equatable {
    case json
    case text(colored: Bool)
  }
  var dump = ""
  var symbolDirectories: [String] = []
  var format = Format.json
  var usesLocalFiles = true
  /// Whether C libraries (libunwind, libdw) may be used; a second try goes without.
  var usesLibraries = true
  /// Until the process ends itself, whatever it has.
  var seconds: UInt32 = 60

  enum Parsed: Equatable {
    case run(Arguments)
    case help
    case wrong(String)
  }

  static let usage = """
    Usage: crashpad_walker DUMP [OPTION]...
    Writes the stacks of all threads of a minidump to standard output.
      --symbols DIR     look for modules and debug files in DIR first; may be repeated
      --no-local-files  ignore the files of this machine
      --no-libraries    use neither libunwind nor libdw
      --json            machine readable, the default
      --text            for people; --color adds colors
      --seconds N       give up after N seconds (60)
      --help            this text
    Exit status: 0 done, 1 the dump cannot be read, 2 wrong usage.
    """

  static func parse(_ words: [String]) -> Parsed {
    var result = Arguments()
    var colored = false
    var words = words[...]
    while let word = words.popFirst() {
      switch word {
      case "--help", "-h": return .help
      case "--symbols":
        guard let directory = words.popFirst() else { return .wrong("--symbols needs a directory") }
        result.symbolDirectories.append(directory)
      case "--seconds":
        guard let value = words.popFirst().flatMap({ UInt32($0) }), (1...86_400).contains(value) else {
          return .wrong("--seconds needs a number from 1 to 86400")
        }
        result.seconds = value
      case "--no-local-files": result.usesLocalFiles = false
      case "--no-libraries": result.usesLibraries = false
      case "--json": result.format = .json
      case "--text": result.format = .text(colored: false)
      case "--color": colored = true
      default:
        if word.hasPrefix("-"), word != "-" { return .wrong("unknown option \(word)") }
        guard result.dump.isEmpty else { return .wrong("one dump at a time: \(word)") }
        result.dump = word
      }
    }
    if result.dump.isEmpty { return .wrong("which dump?") }
    if colored, result.format != .json { result.format = .text(colored: true) }
    return .run(result)
  }
}
