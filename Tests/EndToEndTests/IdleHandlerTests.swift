// Provides what a handler costs while nothing happens.
import LinuxSystem
import SentryNativeTesting
import Testing
import ZooRuns

@Suite struct `A handler that waits` {
  @Test(.timeLimit(.minutes(10)), arguments: TestProducts.handlers)
  func `keeps a part of its own code in memory, and is whole again for a crash`(handler: FilePath) throws {
    let run = try GatedRun(flavor: "null-write", handler: handler)
    defer { run.end() }
    var code = (size: 0, resident: 0)
    try waitUntil("memory is given back") {
      code = Self.code(of: run.handler)
      return code.size > 0 && code.resident < code.size * 3 / 4
    }
    #expect(try run.crash(timeout: .patience).signal == 11)
    #expect(run.dumps.count == 1)
  }

  /// Of what a process may run of its own program: its size, and what of it is mapped, in KiB. Source: proc_pid_smaps(5).
  private static func code(of process: Int32) -> (size: Int, resident: Int) {
    let program = (try? FileSystem.linkTarget(FilePath("/proc/\(process)/exe")))?.description ?? ""
    let text = (try? FileSystem.read(FilePath("/proc/\(process)/smaps"))).map { String(decoding: $0, as: UTF8.self) }
    var isCode = false
    var sums = (size: 0, resident: 0)
    for line in (text ?? "").split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count > 2, !words[0].hasSuffix(":") {
        isCode = words[1] == "r-xp" && line.hasSuffix(program)
      } else if isCode, words.count > 1, let count = Int(words[1]) {
        if words[0] == "Size:" { sums.size += count }
        if words[0] == "Rss:" { sums.resident += count }
      }
    }
    return sums
  }
}
