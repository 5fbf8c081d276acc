// Provides the system calls that a handler makes for one crash, as strace(1) saw them.
import LinuxSystem

/// One system call of a handler at work: the `occurrence`th of its name in its process.
package struct SystemCall: Hashable {
  package let name: String
  /// From 1, as strace's `when=` counts.
  package let occurrence: Int

  package init(name: String, occurrence: Int) {
    self.name = name
    self.occurrence = occurrence
  }
}

/// Reads what `strace -f -o FILE` wrote.
package enum SystemCallLog {
  /// The calls in the order in which they were first made.
  ///
  /// strace counts each process for itself, so a number that two processes reach stands for a call in each of them.
  package static func calls(in text: String) -> [SystemCall] {
    var counts: [Substring: [Substring: Int]] = [:]
    var found: Set<SystemCall> = []
    var ordered: [SystemCall] = []
    for line in text.split(separator: "\n") {
      // A process number of less than five digits is filled up with spaces.
      let process = line.prefix { $0 != " " }
      let event = line.dropFirst(process.count).drop { $0 == " " }
      // Others tell of signals and ends, and of calls that are resumed.
      guard event.first?.isLetter == true, let end = event.firstIndex(of: "(") else { continue }
      let name = event[..<end]
      counts[process, default: [:]][name, default: 0] += 1
      let call = SystemCall(name: String(name), occurrence: counts[process]?[name] ?? 0)
      if found.insert(call).inserted { ordered.append(call) }
    }
    return ordered
  }
}
