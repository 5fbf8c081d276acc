// Provides tests in which readers that are not ours read our dumps.
import LinuxSystem
import SentryNativeTesting
import Testing
import ZooRuns

/// One reader on the dumps of one handler.
struct ReaderCase: CustomTestStringConvertible, Sendable {
  let reader: ForeignReader
  let handler: FilePath

  var testDescription: String { "\(reader.rawValue), \(handler)" }

  static let all = TestProducts.handlers.flatMap { handler in
    ForeignReader.allCases.map { ReaderCase(reader: $0, handler: handler) }
  }
}

@Suite struct `Our dumps` {
  @Test(.timeLimit(.minutes(10)), arguments: ReaderCase.all)
  func `are read by others`(_ readerCase: ReaderCase) throws {
    let reader = readerCase.reader
    let programs = try CrashedPrograms(handler: readerCase.handler)
    defer { programs.end() }
    let readings = try reader.read(programs.dumps)
    try #require(readings.count == programs.dumps.count)

    let buildID = try Self.debugID(of: TestProducts.zoo)
    for (index, reading) in readings.enumerated() {
      let facts = programs.facts[index]
      let shown = programs.shown[index]
      let what = Comment(rawValue: facts.flavor)
      #expect(reading.error == nil, what)
      #expect(reading.os == "linux", what)
      #expect(reading.cpu == "amd64", what)
      if let process = reading.process { #expect(process == facts.process, what) }

      let crash = try #require(reading.crash, what)
      #expect(crash.thread == facts.thread, what)
      #expect(crash.signal == Self.signalNames[facts.signal], what)
      if let address = crash.address, let expected = facts.address { #expect(address == expected, what) }

      let threads = try #require(reading.threads, what)
      #expect(Set(threads.map(\.id)).isSuperset(of: [facts.thread, facts.process] + facts.idleThreads), what)
      #expect(threads.map(\.id).sorted() == shown.threads.map(\.id).sorted(), what)
      let counters = Dictionary(shown.threads.map { ($0.id, $0.registers?["rip"]?.value) }) { first, _ in first }
      for thread in threads {
        // Readers that take the crashing thread's registers from the exception see the same ones there.
        guard let counter = thread.registers["rip"] else { continue }
        #expect(counters[thread.id] == UInt64(counter.dropFirst(2), radix: 16), what)
      }
      if let frames = reading.frames {
        // LLDB has no files here, and walks by the frame pointers of Swift's code at best.
        #expect(frames.count >= (reader == .lldb ? 1 : 3), what)
        if facts.flavor == "ud2" { #expect(frames.first == facts.address, what) }
      }

      let bases = Set(shown.modules.map { "0x" + String($0.base.value, radix: 16) })
      #expect(reading.modules.map { Set($0.map(\.base)) } == bases, what)
      let zoo = try #require(reading.modules?.first { $0.name.hasSuffix("CrashZoo") }, what)
      if let debugID = zoo.debugId { #expect(debugID == buildID, what) }
      #expect(reading.modules?.contains { $0.name.contains("libc.so.6") } == true, what)
    }
  }

  private static let signalNames: [Int32: String] = [
    4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 11: "SIGSEGV", 31: "SIGSYS",
  ]

  /// The build ID as binutils read it, in Breakpad's form: a GUID of three little-endian fields, and the age 0.
  private static func debugID(of program: FilePath) throws -> String {
    let notes = try RunningProcess.run("/usr/bin/readelf", ["-n", program.description]).output
    guard let line = notes.split(separator: "\n").first(where: { $0.contains("Build ID:") }),
      let text = line.split(separator: " ").last, text.count >= 32
    else { throw TestKitError(.malformed, "readelf -n \(program): \(notes)") }
    let digits = Array(text.uppercased())
    let bytes = stride(from: 0, to: 32, by: 2).map { String(digits[$0...$0 + 1]) }
    return ([3, 2, 1, 0, 5, 4, 7, 6] + Array(8..<16)).map { bytes[$0] }.joined() + "0"
  }
}
