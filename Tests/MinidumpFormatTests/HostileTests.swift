// Tests that damaged dumps do no harm: no trap, no hang, no allocation out of proportion.

import LinuxSystem
import MinidumpFormat
import SentryNativeTesting
import Testing

@Suite struct `Damaged dumps` {
  @Test(.enabled(if: Corpus.isPresent, Comment(rawValue: Corpus.absence)), .timeLimit(.minutes(10)))
  func `each gives an error or a partial result within its bounds`() throws {
    let files = try Corpus.hostile()
    #expect(files.count == 173)
    for (name, bytes) in files { check(bytes, name) }
  }

  @Test(.timeLimit(.minutes(10))) func `a dump cut off at every byte is read as far as it goes`() throws {
    let whole = try Sample.write(Sample.contents())
    var readable = 0
    // Every byte of header, directory and first streams; then steps that meet every alignment.
    let cuts = Array(0..<1500) + stride(from: 1500, to: whole.count, by: 37)
    for count in cuts where check(Array(whole[0..<count]), "cut at \(count)") { readable += 1 }
    #expect(readable == cuts.count - 33)
  }

  @Test(.timeLimit(.minutes(10))) func `random changes do no harm`() throws {
    var contents = Sample.contents()
    contents.memory = [MinidumpAddressRange(start: 0x1000, size: 300)]
    contents.memory64 = [MinidumpAddressRange(start: 0x9000, size: 300)]
    let whole = try [Sample.write(contents), Sample.write(contents, order: .big)]
    var random = Random(seed: 7)
    let interesting: [UInt8] = [0, 1, 4, 0x7f, 0x80, 0xff]
    for round in 0..<1000 {
      var bytes = whole[round % 2]
      // Mostly in the directory and the lists, which lie in front.
      for _ in 0..<1 + random.next(6) {
        let place = random.next(2) == 0 ? random.next(bytes.count) : random.next(min(bytes.count, 1600))
        let value = interesting[random.next(interesting.count)]
        for index in place..<min(place + 1 + random.next(4), bytes.count) { bytes[index] = value }
      }
      bytes.replaceSubrange(0..<4, with: whole[round % 2][0..<4])
      check(bytes, "round \(round)")
    }
  }

  /// A list whose entries share one large text: each copy is small in the file and large in memory.
  @Test(.timeLimit(.minutes(10))) func `texts shared by many entries do not multiply memory`() async throws {
    var contents = MinidumpContents()
    contents.modules = (0..<5000).map { MinidumpModule(base: UInt64($0) << 20, size: 1, name: "m") }
    contents.modules[0].name = String(repeating: "x", count: 500_000)
    contents.modules[0].codeView = .pdb70(guid: .zero, age: 1, name: String(repeating: "y", count: 500_000))
    var bytes = try Sample.write(contents)
    let reader = try MinidumpReader(bytes)
    let list = Int(try #require(reader.location(of: .moduleList)).offset) + 4
    // Every module gets the name and the CodeView record of the first one.
    for index in 1..<5000 {
      for field in Array(20..<24) + Array(76..<84) { bytes[list + index * 108 + field] = bytes[list + field] }
    }
    #expect(check(bytes, "shared texts"))
    try await checkMemory(bytes)
    let hostile = try MinidumpReader(bytes)
    hostile.touchEverything()
    #expect(hostile.softErrors.contains { $0.code == .tooMuchMemory })
    #expect(hostile.modules?.count == 5000)
  }

  @Test func `registers shared by many threads do not multiply memory`() async throws {
    var contents = MinidumpContents()
    contents.systemInfo = MinidumpSystemInfo(architecture: .amd64)
    contents.threads = (0..<20_000).map { MinidumpThread(id: $0) }
    contents.threads[0].context = .amd64(Sample.amd64())
    var bytes = try Sample.write(contents)
    let list = Int(try #require(try MinidumpReader(bytes).location(of: .threadList)).offset) + 4
    for index in 1..<20_000 {
      for field in 40..<48 { bytes[list + index * 48 + field] = bytes[list + field] }
    }
    #expect(check(bytes, "shared registers"))
    try await checkMemory(bytes)
  }

  @Test func `information shared by many handles, and a chain that leads back, do not multiply memory`() async throws {
    var contents = MinidumpContents()
    contents.handles = (0..<5000).map { MinidumpHandle(handle: $0) }
    contents.handles[0].information = [
      MinidumpHandleInformation(kind: 1, data: [UInt8](repeating: 1, count: 400_000)),
      MinidumpHandleInformation(kind: 2, data: [1, 2, 3]),
    ]
    var bytes = try Sample.write(contents)
    let reader = try MinidumpReader(bytes)
    #expect(reader.handles?.first?.information == contents.handles[0].information)
    let list = Int(try #require(reader.location(of: .handleData)).offset) + 16
    func word(_ offset: Int) -> Int { (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << ($1 * 8) } }
    let (first, second) = (word(list + 32), word(word(list + 32)))
    for index in 1..<5000 {
      for field in 32..<36 { bytes[list + index * 40 + field] = bytes[list + field] }
    }
    // The second record leads back to the first one.
    for byte in 0..<4 { bytes[second + byte] = UInt8(truncatingIfNeeded: first >> (byte * 8)) }
    #expect(check(bytes, "shared information"))
    try await checkMemory(bytes)
    let hostile = try MinidumpReader(bytes)
    #expect(hostile.handles?.count == 5000)
    #expect(hostile.softErrors.contains { $0.code == .tooMuchMemory })
    // Alone, the chain ends after as many records as one may have.
    bytes.replaceSubrange(list - 8..<list - 4, with: [1, 0, 0, 0])
    for byte in 0..<4 { bytes[list + 32 + byte] = UInt8(truncatingIfNeeded: second >> (byte * 8)) }
    for byte in 0..<4 { bytes[second + byte] = UInt8(truncatingIfNeeded: second >> (byte * 8)) }
    let chain = try MinidumpReader(bytes)
    #expect(chain.handles?.first?.information.count == 32)
    #expect(chain.softErrors.map(\.code) == [.countTooLarge])
  }

  @Test func `sizes in streams of Windows that do not fit are cut`() throws {
    var contents = MinidumpContents()
    contents.functionTables = [
      MinidumpFunctionTable(minimumAddress: 1, maximumAddress: 2, base: 3, entries: [UInt8](repeating: 7, count: 24))
    ]
    contents.tokens = [MinidumpToken(id: 1, handle: 2, data: [1, 2, 3, 4])]
    let whole = try Sample.write(contents)
    let tables = Int(try #require(try MinidumpReader(whole).location(of: .functionTable)).offset)
    let tokens = Int(try #require(try MinidumpReader(whole).location(of: .token)).offset)
    let numbers: [[UInt8]] = [
      [0, 0, 0, 0], [1, 0, 0, 0], [0xff, 0xff, 0xff, 0x7f], [0xff, 0xff, 0xff, 0xff], [3, 0, 0, 0],
    ]
    for number in numbers {
      for field in stride(from: 0, to: 24, by: 4) + [24 + 24, 24 + 28] {
        var bytes = whole
        bytes.replaceSubrange(tables + field..<tables + field + 4, with: number)
        #expect(check(bytes, "table \(field)"))
        for table in try MinidumpReader(bytes).functionTables ?? [] { #expect(table.entries.count <= 24) }
      }
      for field in stride(from: 0, to: 24, by: 4) {
        var bytes = whole
        bytes.replaceSubrange(tokens + field..<tokens + field + 4, with: number)
        #expect(check(bytes, "token \(field)"))
        for token in try MinidumpReader(bytes).tokens ?? [] { #expect(token.data.count <= 4) }
      }
    }
  }

  @Test func `what is no minidump is refused with a reason`() throws {
    func code(_ bytes: [UInt8]) -> MinidumpReadError.Code? {
      do throws(MinidumpReadError) {
        _ = try MinidumpReader(bytes)
        return nil
      } catch { return error.code }
    }
    let whole = try Sample.write(Sample.contents())
    #expect(code([]) == .truncated)
    #expect(code(Array(whole[0..<31])) == .truncated)
    #expect(code(Array("{}".utf8) + Array(repeating: 0, count: 64)) == .notAMinidump)
    #expect(code(Array(repeating: 0, count: 64)) == .unfinished)
    var bytes = whole
    bytes[4] = 0
    #expect(code(bytes) == .unknownVersion)
    bytes = whole
    bytes.replaceSubrange(12..<16, with: [0xff, 0xff, 0xff, 0x7f])
    #expect(code(bytes) == .directoryOutsideFile)
    bytes = whole
    bytes[6] = 0x12
    #expect(code(bytes) == nil, "the high half of the version is the writer's")
  }

  /// Reads everything and checks the bounds. Returns whether the dump could be opened.
  @discardableResult
  private func check(_ bytes: [UInt8], _ name: String) -> Bool {
    guard let reader = try? MinidumpReader(MinidumpBytes(copying: bytes)) else { return false }
    reader.touchEverything()
    #expect(reader.allocatedBytes <= Self.limit(bytes.count), "\(name)")
    #expect(reader.softErrors.count <= MinidumpReader.maximumSoftErrors, "\(name)")
    return true
  }

  /// Bytes that a reader may hold of a dump of so many.
  private static func limit(_ count: Int) -> UInt64 { 16 * UInt64(count) + 1 << 20 }

  /// Reads everything in a process of its own, where nobody else allocates: what a reader says of its memory is what the
  /// kernel sees.
  private func checkMemory(_ bytes: [UInt8]) async throws {
    let folder = try TemporaryDirectory(prefix: "hostile")
    defer { folder.remove() }
    let file = folder.appending("dump")
    try FileSystem.write(bytes, to: file)
    let path = file.description
    await #expect(processExitsWith: .success) { [path = path as String] in
      let source = MinidumpBytes(copying: try FileSystem.read(FilePath(path), limit: 1 << 30))
      let reader = try MinidumpReader(source)
      let before = try PeakMemory.bytes()
      reader.touchEverything()
      let grown = try PeakMemory.bytes() - before
      // Besides what is held, copies that lived for a moment.
      precondition(grown <= 2 * Int(reader.allocatedBytes) + 16 << 20, "the peak grew by \(grown) bytes")
    }
  }

  /// The generator of Marsaglia, so that rounds can be repeated.
  private struct Random {
    var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 }
    mutating func next(_ bound: Int) -> Int {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int(state % UInt64(max(bound, 1)))
    }
  }
}
