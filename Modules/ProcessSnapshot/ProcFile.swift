// Provides the files of /proc that describe one process.
internal import LinuxSystem

/// Files under `/proc/PID/task/TID`, of a thread that lives: the leader's own are empty once it has exited.
struct ProcFile {
  let process: Int32
  let thread: Int32

  func path(_ name: String) -> FilePath { FilePath("/proc/\(process)/task/\(thread)/\(name)") }

  func read(_ name: String, limit: Int) throws(Errno) -> [UInt8] { try FileSystem.read(path(name), limit: limit) }

  /// All threads, in the kernel's order.
  static func threads(of process: Int32) throws(Errno) -> [Int32] {
    try FileSystem.entries(of: FilePath("/proc/\(process)/task")).compactMap { name in
      var scanner = TextScanner(name)
      guard let number = scanner.number(), scanner.isAtEnd else { return nil }
      return Int32(exactly: number)
    }
  }
}

/// The fields of `stat` that a report needs. Source: `proc_pid_stat(5)`.
struct ThreadStatistics {
  /// `R`, `S`, `Z`, `t`, …
  let state: UInt8
  /// Clock ticks.
  let userTicks, systemTicks: UInt64
  /// Clock ticks after the boot.
  let startTicks: UInt64

  init?(_ text: [UInt8]) {
    // The name before it may hold anything, closing parentheses as well.
    guard let end = text.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    var scanner = TextScanner(text[(end + 1)...])
    guard scanner.skip(UInt8(ascii: " ")), let state = scanner.next() else { return nil }
    self.state = state
    var fields: [UInt64] = []
    while fields.count < 19, scanner.skip(UInt8(ascii: " ")) {
      guard let value = scanner.signedNumber() else {
        // Unsigned fields beyond the signed range.
        guard let value = scanner.number() else { return nil }
        fields.append(value)
        continue
      }
      fields.append(UInt64(bitPattern: value))
    }
    // Column 3 is the state; fields[0] is column 4.
    guard fields.count == 19 else { return nil }
    userTicks = fields[10]
    systemTicks = fields[11]
    startTicks = fields[18]
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
