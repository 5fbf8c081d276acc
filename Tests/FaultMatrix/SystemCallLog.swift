// Provides the system calls that a handler makes for one crash, as strace(1) saw them.
import LinuxSystem

/// One system call of a handler at work: the `occurrence`th of its name in its process.
struct SystemCall: Hashable {
  let name: String
  /// From 1, as strace's `when=` counts.
  let occurrence: Int
}

/// Reads what `strace -f -o FILE` wrote.
enum SystemCallLog {
  /// The calls in the order in which they were first made.
  ///
  /// strace counts each process for itself, so a number that two processes reach stands for a call in each of them.
  static func calls(in text: String) -> [SystemCall] {
    var counts: [Substring: [Substring: Int]] = [:]
    var found: Set<SystemCall> = []
    var ordered: [SystemCall] = []
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
      // Others tell of signals and ends, and of calls that are resumed.
      guard words.count == 2, let end = words[1].firstIndex(of: "("), words[1].first?.isLetter == true else { continue }
      let name = words[1][..<end]
      counts[words[0], default: [:]][name, default: 0] += 1
      let call = SystemCall(name: String(name), occurrence: counts[words[0]]?[name] ?? 0)
      if found.insert(call).inserted { ordered.append(call) }
    }
    return ordered
  }
}
