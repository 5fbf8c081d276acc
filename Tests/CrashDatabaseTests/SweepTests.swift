import LinuxSystem
import Testing

@Suite(.serialized, .timeLimit(.minutes(10))) struct `A kill at every system call` {
  /// The outcomes in the order in which they came, the process having been killed later and later in the step. A step
  /// is all or nothing: there is one change at most, and it is never undone.
  @Test(arguments: [
    ("finish", ["missing", "pending attempts=0"]),
    ("upload", ["pending attempts=0", "completed attempts=1 uploaded id=answer"]),
    ("fail", ["pending attempts=0", "pending attempts=1"]),
    ("skip", ["pending attempts=0", "completed attempts=0"]),
    ("request", ["completed attempts=0", "pending attempts=0 requested"]),
    ("delete", ["pending attempts=0", "missing"]),
    ("recover", ["completed attempts=0"]),
  ])
  func `leaves the report as it was or as it was to be, whole and once`(step: String, outcomes: [String]) throws {
    let temporary = try TemporaryDatabase()
    let output = try Pipe()
    let child = try temporary.start(["sweep", step], output: .descriptor(output.writer))
    output.closeWriter()
    let lines = String(decoding: try output.reader.readToEnd(limit: 1 << 20), as: UTF8.self).split(separator: "\n")
    #expect(try child.wait() == .exited(status: 0))
    #expect(lines.map { $0.drop { $0 != " " }.dropFirst() } == outcomes.map { $0[...] })
    // The step was not over before it had begun.
    if step != "recover" { #expect(lines.last?.hasPrefix("1-") == false) }
  }
}

@Suite(.serialized, .timeLimit(.minutes(10))) struct `A lock that is released at any system call of somebody who looks`
{
  /// A report that a short run of a program was to send waited for a quarter of an hour: its client had locked it for a
  /// moment, just between the two times that Sentry's handler did.
  @Test(arguments: ["recover", "list", "look"])
  func `is not made again by him`(step: String) throws {
    let temporary = try TemporaryDatabase()
    let output = try Pipe()
    let child = try temporary.start(["sweep", "released-\(step)"], output: .descriptor(output.writer))
    output.closeWriter()
    let lines = String(decoding: try output.reader.readToEnd(limit: 1 << 20), as: UTF8.self).split(separator: "\n")
    #expect(try child.wait() == .exited(status: 0))
    #expect(lines.count == 1 && lines[0].hasSuffix(" end"), "made before calls \(lines)")
    #expect(lines.last.flatMap { Int($0.prefix { $0 != " " }) } ?? 0 > 5)
  }
}
