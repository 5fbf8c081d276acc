// Provides tests of stacks that are too deep for a dump to hold.
import LinuxSystem
import SentryNativeTesting
import Testing
import ZooRuns

@Suite(.timeLimit(.minutes(10))) struct `A stack that is too deep for a dump` {
  @Test(arguments: TestProducts.handlers, ["main", "pthread"])
  func `is walked at both ends, and says how much is missing between them`(
    _ handler: FilePath, _ thread: String
  ) throws {
    let run = try ZooRun(flavor: "stack-overflow", thread: thread, handler: handler)
    defer { run.end() }
    let dump = try #require(run.dumps().first)
    let json = try RunningProcess.run(TestProducts.walker, [dump.description, "--json"])
    let pieces = json.output.firstRange(of: "\"gap\":{\"after\":").map { json.output[$0.upperBound...].prefix(60) }
    let numbers = (pieces ?? "").split { !$0.isNumber }.compactMap { Int($0) }
    try #require(numbers.count >= 2, "\(json.errorOutput)")
    // Of 8 MiB the dump has one of the young end and 64 KiB of the old one.
    #expect((6 << 20..<7 << 20).contains(numbers[1]), "\(numbers)")
    let text = try RunningProcess.run(TestProducts.crashctl, ["stackwalk", dump.description]).output
    let lines = text.split(separator: "\n")
    let gap = try #require(lines.firstIndex { $0.contains("\(numbers[1]) bytes of the stack are not in the dump") })
    #expect(lines[..<gap].contains { $0.contains("zoo_stack_overflow") || $0.contains("times more") }, "\(text)")
    let rest = lines[gap...].prefix { !$0.isEmpty && !$0.hasPrefix("Thread") }
    let root = thread == "main" ? "main" : "start_thread"
    #expect(rest.contains { $0.contains(root) } || rest.contains { $0.contains("clone") }, "\(text)")
  }
}
