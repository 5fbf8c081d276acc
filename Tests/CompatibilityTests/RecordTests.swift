// Provides tests of the ring buffer of records that our client keeps for every handler.
import LinuxSystem
import MinidumpFormat
import SentryNativeTesting
import Testing
import ZooRuns

/// The records in the value of an annotation, the oldest first, as Crashpad's readers find them; `nil` for one that makes no
/// sense.
func recordsInRing(_ value: [UInt8]) -> [[UInt8]]? {
  func word(_ index: Int) -> Int { (0..<4).reduce(0) { $0 | Int(value[index * 4 + $1]) << ($1 * 8) } }
  guard value.count > 16, word(0) == 0xcab0_0d1e, word(1) == 1 else { return nil }
  let storage = Array(value[16...])
  let (offset, length) = (word(2), word(3))
  // Once the records run around, the value has the whole capacity.
  guard offset < storage.count, length <= storage.count, offset + length <= storage.count || storage.count > offset
  else { return nil }
  var position = 0
  func next() -> UInt8? {
    guard position < length else { return nil }
    defer { position += 1 }
    return storage[(offset + position) % storage.count]
  }
  var result: [[UInt8]] = []
  while position < length {
    var count = 0
    var shift = 0
    while true {
      guard let byte = next(), shift < 28 else { return nil }
      count |= Int(byte & 0x7f) << shift
      shift += 7
      if byte & 0x80 == 0 { break }
    }
    var record: [UInt8] = []
    for _ in 0..<count {
      guard let byte = next() else { return nil }
      record.append(byte)
    }
    if record.isEmpty { return nil }
    result.append(record)
  }
  return result
}

@Suite(.timeLimit(.minutes(10))) struct `The latest records of our client` {
  private func records(_ steps: [String], _ handler: ServingHandler) throws -> (records: [String]?, size: Int) {
    let run = try VictimRun(steps + ["die=segv"], handler: handler)
    defer { run.end() }
    #expect(run.termination.signal == 11)
    try #require(run.dumps().count == 1, "\(run.process.errorOutput)")
    return try FileSystem.read(run.dumps()[0]).withUnsafeBytes { buffer in
      let modules = try MinidumpReader(MinidumpBytes(unowned: buffer)).crashpadInfo?.modules ?? []
      let value = modules.flatMap(\.annotations).first { $0.name == "records" }?.value
      return (value.flatMap { recordsInRing($0) }?.map { String(decoding: $0, as: UTF8.self) }, value?.count ?? 0)
    }
  }

  private func text(_ index: Int) -> String { String(repeating: "\(index),", count: index % 10 + 1) }

  @Test(arguments: ServingHandler.all)
  func `are in the dump of every handler, as many as fit`(_ handler: ServingHandler) throws {
    let few = try records(["records=3"], handler)
    #expect(few.records == (0..<3).map(text))
    #expect(few.size == 16 + (0..<3).reduce(0) { $0 + 1 + text($1).utf8.count })
    let many = try records(["records=1000"], handler)
    let kept = try #require(many.records)
    #expect(many.size == 16 + 512)
    #expect(kept == ((1000 - kept.count)..<1000).map(text))
    // One more would not have fitted.
    let used = kept.reduce(0) { $0 + 1 + $1.utf8.count }
    #expect(used <= 512 && used + 1 + text(999 - kept.count).utf8.count > 512)
  }

  @Test func `are none that are empty or do not fit even alone`() throws {
    let run = try VictimRun(["record-sizes", "die=segv"], handler: ServingHandler.ours[0])
    defer { run.end() }
    // 512 bytes: a length of two bytes and 510 others.
    #expect(run.said("records") == "- 1 127 128 509 510 - - - - true true", "\(run.process.output)")
    #expect(try records(["record-sizes"], ServingHandler.ours[0]).records == ["last"])
  }
}
