import CrashDatabase
import LinuxSystem
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Several processes on one database` {
  @Test func `send each report once, whoever is killed meanwhile`() throws {
    let temporary = try TemporaryDatabase()
    for _ in 0..<40 { try temporary.addReport() }
    // Each of them takes what it can get; one dies with a report in its hands before it could send it.
    let outputs = try (0..<3).map { _ in try Pipe() }
    let children = try outputs.enumerated().map { index, output in
      try temporary.start(
        ["drain"], fault: index == 0 ? "fixture.drain.taken.5:kill" : nil, output: .descriptor(output.writer))
    }
    var sent: [String] = []
    for output in outputs {
      output.closeWriter()
      let text = String(decoding: try output.reader.readToEnd(limit: 1 << 20), as: UTF8.self)
      sent += text.split(separator: "\n").map { String($0) }
    }
    let ends = try children.map { try $0.wait() }
    #expect(ends.dropFirst().allSatisfy { $0 == .exited(status: 0) })
    #expect(Set(sent).count == sent.count)
    // What the dead one held is free at once.
    let last = try Pipe()
    let child = try temporary.start(["drain"], output: .descriptor(last.writer))
    last.closeWriter()
    sent += String(decoding: try last.reader.readToEnd(limit: 1 << 20), as: UTF8.self).split(separator: "\n").map {
      String($0)
    }
    #expect(try child.wait() == .exited(status: 0))
    #expect(Set(sent).count == 40 && sent.count == 40)
    let completed = try temporary.database.completedReports()
    #expect(completed.count == 40)
    #expect(completed.allSatisfy { $0.metadata.uploadAttempts == 1 && $0.metadata.isUploaded })
  }
}
