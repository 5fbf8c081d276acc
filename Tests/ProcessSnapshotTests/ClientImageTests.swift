// Tests what is made of a Crashpad client's structures at their limits and beyond.
import ProcessMemory
import Testing

@testable import ELFImage
@testable import ProcessSnapshot

@Suite(.timeLimit(.minutes(10))) struct `A Crashpad client's structures` {
  private typealias Layout = ClientImage

  @Test func `are not believed with a wrong signature, size or version`() throws {
    #expect(try ClientImage().read() != nil)
    for (offset, value) in [(0, 0x4350_6165), (4, 0), (4, 11), (8, 2), (8, 0)] as [(Int, UInt32)] {
      var image = ClientImage()
      image.put(value, at: Layout.info + offset)
      #expect(try image.read() == nil, "\(offset) \(value)")
    }
    // A later version's structure is longer: its first part is as it was.
    var longer = ClientImage()
    longer.put(UInt32.max, at: Layout.info + 4)
    #expect(try longer.read() != nil)
  }

  @Test func `have choices that are neither yes nor no, and those are none`() throws {
    for (value, expected) in [(0, nil), (1, true), (2, false), (7, nil), (255, nil)] as [(UInt8, Bool?)] {
      var image = ClientImage()
      image.bytes[Layout.info + 20] = value
      let memory = BytesMemoryReader(at: Layout.base, image.bytes)
      var options = CrashpadClientOptions()
      CrashpadInfo.place(in: try image.image()).flatMap { CrashpadInfo($0, memory: memory) }?.merge(into: &options)
      #expect(options.isHandlerEnabled == expected)
    }
  }

  @Test func `may end with the module, and no byte later`() throws {
    for (last, believed) in [(56, true), (55, false), (8, false), (1, false)] {
      var image = ClientImage()
      let place = Layout.size - last
      let structure = Array(image.bytes[Layout.info..<(Layout.info + 56)])
      for (index, byte) in structure.prefix(last).enumerated() { image.bytes[place + index] = byte }
      image.put(UInt64(place - Layout.notes - 24), at: Layout.notes + 24)
      #expect(try (image.read() != nil) == believed, "\(last)")
    }
  }

  @Test func `lead nowhere, and that is said`() throws {
    for pointer in [1, 0x1000, .max, .max - 7, 0xffff_8000_0000_0000] as [UInt64] {
      var image = ClientImage()
      for index in 0..<3 { image.put(pointer, at: Layout.info + 32 + index * 8) }
      let found = try #require(try image.read())
      #expect(found.annotations.isEmpty && found.streams.isEmpty)
      #expect(found.errors.count == 3, "\(found.errors)")
    }
  }

  @Test func `have a list of at most 400 annotations`() throws {
    var image = ClientImage()
    image.put("name", at: Layout.texts)
    let node = (name: image.address(Layout.texts), value: image.address(Layout.texts), size: UInt32(4))
    image.setAnnotations(Array(repeating: node, count: 400))
    var found = try #require(try image.read())
    #expect(found.annotations.objects.count == 400 && found.errors.isEmpty)
    image.setAnnotations(Array(repeating: node, count: 401))
    found = try #require(try image.read())
    #expect(found.annotations.objects.count == 400 && found.errors.count == 1)
  }

  @Test func `have annotations of odd sizes and names`() throws {
    var image = ClientImage()
    image.put("name", at: Layout.texts)
    for index in 0..<300 { image.bytes[Layout.texts + 16 + index] = 0x78 }
    let (name, endless) = (image.address(Layout.texts), image.address(Layout.texts + 16))
    image.setAnnotations([
      (name, name, 20480), (name, name, 20481), (name, name, .max), (name, name, 0), (endless, name, 4), (name, 8, 4),
      (name, name, 1),
    ])
    let found = try #require(try image.read())
    // Of two with one name both stay; what is too long is cut; one that is empty was never set.
    #expect(found.annotations.objects.map { $0.value.count } == [20480, 20480, 20480, 1])
    #expect(found.annotations.objects.allSatisfy { $0.name == Array("name".utf8) })
    #expect(found.errors.count == 2)
  }

  @Test func `have a dictionary that is full to the last byte`() throws {
    var image = ClientImage()
    for index in 0..<(64 * 512) { image.bytes[Layout.dictionary + index] = 0x61 + UInt8(index / 512 % 26) }
    for index in 0..<64 { image.put(UInt16(index + 0x101), at: Layout.dictionary + index * 512) }
    let found = try #require(try image.read())
    #expect(found.annotations.simple.count == 64)
    #expect(found.annotations.simple.allSatisfy { $0.key.count == 256 && $0.value.count == 256 })
    #expect(found.errors.isEmpty)
  }

  @Test func `have streams in any number, of any size, in a circle`() throws {
    var image = ClientImage()
    image.put("content", at: Layout.texts)
    let text = image.address(Layout.texts)
    #expect(try image.read()?.streams.isEmpty == true)
    image.setStreams([(text, 7, 0x4b6b_0001)])
    #expect(try image.read()?.streams == [CrashpadUserStream(type: 0x4b6b_0001, bytes: Array("content".utf8))])
    image.setStreams((0..<100).map { (text, 7, 0x4b6b_0000 + UInt32($0)) })
    var found = try #require(try image.read())
    #expect(found.streams.count == 64 && found.errors.count == 1)
    image.setStreams([(8, 7, 1), (text, .max, 2), (text, 0, 3), (.max, 1, 4), (text, 1, 5)])
    found = try #require(try image.read())
    #expect(found.streams.map { $0.type } == [5])
    #expect(found.errors.count == 3)
    image.put(image.address(Layout.nodes), at: Layout.nodes + 4 * 32)
    found = try #require(try image.read())
    #expect(found.streams.map { $0.type } == [5] && found.errors.count == 4)
  }

  /// A hostile client named the same 16 MiB 64 times in each of its modules, and the handler read a gigabyte for each.
  @Test func `are kept up to a bound of all together`() throws {
    var image = ClientImage()
    image.put("content", at: Layout.texts)
    let text = image.address(Layout.texts)
    image.setStreams((0..<50).map { (text, 1000, 0x4b6b_0000 + UInt32($0)) })
    var found = try #require(try image.read(within: 10 * 1064))
    #expect(found.streams.count == 10 && found.errors.map(\.part) == ["user streams"])
    found = try #require(try image.read(within: 10 * 1064 - 1))
    #expect(found.streams.count == 9)
    image.setStreams([])
    image.setAnnotations(Array(repeating: (name: text, value: text, size: 1000), count: 50))
    found = try #require(try image.read(within: 10 * (1064 + 7)))
    #expect(found.annotations.objects.count == 10 && found.errors.map(\.part) == ["annotations"])
    for index in 0..<64 { image.put(UInt16(index + 0x101), at: Layout.dictionary + index * 512) }
    found = try #require(try image.read(within: 66 * 5))
    #expect(found.annotations.simple.count == 5 && found.annotations.objects.isEmpty)
  }

  @Test func `have a limit for stacks where Sentry's have one`() throws {
    for (value, expected) in [(0, nil), (4096, 4096), (.max, UInt64(UInt32.max))] as [(UInt32, UInt64?)] {
      var image = ClientImage()
      image.put(value, at: Layout.info + 16)
      let memory = BytesMemoryReader(at: Layout.base, image.bytes)
      var options = CrashpadClientOptions()
      CrashpadInfo.place(in: try image.image()).flatMap { CrashpadInfo($0, memory: memory) }?.merge(into: &options)
      #expect(options.stackLimit == expected)
    }
  }

  // MARK: - Notes

  @Test(arguments: [0, 8, 16, 20, 32, 64])
  func `may be beside a build ID of any length`(_ count: Int) throws {
    var image = ClientImage()
    let identifier = (0..<count).map { UInt8($0 + 1) }
    image.segment(1, type: 4, at: Layout.notes, size: 0x100)
    if count > 0 {
      let next = image.note("GNU", type: 3, at: Layout.notes, descriptor: identifier)
      image.put(UInt32(0), at: next)
    }
    #expect(try image.image().buildID == identifier)
  }

  @Test func `may be beside a build ID that is too long to be one`() throws {
    var image = ClientImage()
    image.segment(1, type: 4, at: Layout.notes, size: 0x100)
    image.note("GNU", type: 3, at: Layout.notes, descriptor: [UInt8](repeating: 1, count: 65))
    #expect(try image.image().buildID == [])
  }

  @Test(arguments: [4, 8])
  func `may stand behind notes of other kinds, in segments of other alignments`(_ alignment: Int) throws {
    var image = ClientImage()
    image.put(UInt16(3), at: 56)
    image.segment(1, type: 4, at: 0x800, size: 0x200, alignment: UInt64(alignment))
    image.segment(2, type: 4, at: Layout.notes, size: 0x40)
    // GNU properties, a vendor's note of odd sizes, and then the build ID.
    var next = image.note(
      "GNU", type: 5, at: 0x800, descriptor: [UInt8](repeating: 7, count: 16), alignment: alignment)
    next = image.note("vendor", type: 9, at: next, descriptor: [1, 2, 3, 4, 5], alignment: alignment)
    image.note("GNU", type: 3, at: next, descriptor: [UInt8](repeating: 8, count: 20), alignment: alignment)
    #expect(try image.image().buildID == [UInt8](repeating: 8, count: 20))
    #expect(try image.read() != nil)
  }
}
