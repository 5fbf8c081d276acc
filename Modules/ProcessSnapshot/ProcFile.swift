// Provides the files of /proc that describe one process.
internal import LinuxSystem

/// Files under `/proc/PID/task/TID` as this process sees them, of a thread that lives: the leader's own are empty once it
/// has exited.
struct ProcFile {
  let process: Int32
  let thread: Int32

  func path(_ name: String) -> FilePath { FilePath("/proc/\(process)/task/\(thread)/\(name)") }

  func read(_ name: String, limit: Int) throws(Errno) -> [UInt8] {
    try FileSystem.read(path(name), limit: limit, endsShort: Self.endsShort(name))
  }

  /// Whether the kernel gives a file in one piece where there is room for it. Lists that may be long come in pieces.
  static func endsShort(_ name: String) -> Bool { !name.utf8.suffix(4).elementsEqual("maps".utf8) }

  /// All threads, in the kernel's order.
  static func threads(of process: Int32) throws(Errno) -> [Int32] {
    try FileSystem.entries(of: FilePath("/proc/\(process)/task")).compactMap { name in
      var scanner = TextScanner(name)
      guard let number = scanner.number(), scanner.isAtEnd else { return nil }
      return Int32(exactly: number)
    }
  }
}

/// The fields of `stat` that a report needs. Source: `proc_pid_stat(5)`. One file tells what would take two files and
/// three more system calls, for each thread while all stand still.
struct ThreadStatistics {
  /// What `comm` has; `nil` where a kernel may have written something in its place (before Linux 4.18 backslashes were
  /// doubled).
  let name: [UInt8]?
  /// `R`, `S`, `Z`, `t`, …
  let state: UInt8
  /// Clock ticks.
  let userTicks, systemTicks: UInt64
  /// Clock ticks after the boot.
  let startTicks: UInt64
  /// Where the environment lies that the process was started with; both 0 where the kernel does not tell.
  let environmentStart, environmentEnd: UInt64
  /// `nil` where the file ends before.
  let priority: ThreadPriority?

  init?(_ text: [UInt8]) {
    // The name before it may hold anything, closing parentheses as well.
    guard let end = text.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let start = text.firstIndex(of: UInt8(ascii: "(")) ?? end
    let name = start < end ? Array(text[(start + 1)..<end]) : nil
    self.name = name?.contains(UInt8(ascii: "\\")) == true ? nil : name
    var scanner = TextScanner(text[(end + 1)...])
    guard scanner.skip(UInt8(ascii: " ")), let state = scanner.next() else { return nil }
    self.state = state
    var fields: [UInt64] = []
    fields.reserveCapacity(48)
    while fields.count < 48, scanner.skip(UInt8(ascii: " ")) {
      guard let value = scanner.signedNumber() else {
        // Unsigned fields beyond the signed range.
        guard let value = scanner.number() else { break }
        fields.append(value)
        continue
      }
      fields.append(UInt64(bitPattern: value))
    }
    // Column 3 is the state; fields[0] is column 4.
    guard fields.count >= 19 else { return nil }
    userTicks = fields[10]
    systemTicks = fields[11]
    startTicks = fields[18]
    // Columns 50 and 51, since Linux 3.5.
    environmentStart = fields.count == 48 ? fields[46] : 0
    environmentEnd = fields.count == 48 ? fields[47] : 0
    priority =
      fields.count < 38
      ? nil
      : ThreadPriority(
        policy: Int32(truncatingIfNeeded: fields[37]), staticPriority: Int32(truncatingIfNeeded: fields[36]),
        nice: Int32(truncatingIfNeeded: fields[15]))
  }

  var hasEnded: Bool { state == UInt8(ascii: "Z") || state == UInt8(ascii: "X") || state == UInt8(ascii: "x") }
}

/// Lines of `status`. Source: `proc_pid_status(5)`.
struct StatusFile {
  private let lines: [ArraySlice<UInt8>]

  init(_ text: [UInt8]) { lines = text.split(separator: 0x0a) }

  /// The numbers of the first line with this name.
  func numbers(_ name: StaticString) -> [UInt64]? {
    for line in lines {
      var scanner = TextScanner(line)
      guard scanner.skip(name), scanner.skip(UInt8(ascii: ":")) else { continue }
      var values: [UInt64] = []
      scanner.skipBlanks()
      while let value = scanner.number() {
        values.append(value)
        scanner.skipBlanks()
      }
      return values
    }
    return nil
  }
}
