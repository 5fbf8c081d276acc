// Tests that ranges never wrap around, and what is done with many of them.
import ProcessMemory
import Testing

@Suite struct `Address ranges` {
  @Test func `no range wraps around`() {
    #expect(AddressRange(start: .max, size: .max).size == 0)
    #expect(AddressRange(start: .max - 3, size: .max).end == .max)
    #expect(AddressRange(start: 5, end: 4) == nil)
  }

  @Test func `ends are outside`() {
    let range = AddressRange(start: 10, size: 5)
    #expect(range.contains(10) && range.contains(14) && !range.contains(15) && !range.contains(9))
    #expect(range.intersection(AddressRange(start: 15, size: 5)) == nil)
    #expect(range.intersection(AddressRange(start: 0, size: 11)) == AddressRange(start: 10, size: 1))
    #expect(!range.overlaps(AddressRange(start: 15, size: 5)))
  }

  @Test func `without others are those that hold what is left, byte by byte`() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      let holes = (0..<Int.random(in: 0..<6, using: &generator)).map { _ in
        AddressRange(start: .random(in: 0..<40, using: &generator), size: .random(in: 0..<12, using: &generator))
      }.sorted { $0.start < $1.start }
      var ranges: [AddressRange] = []
      var position: UInt64 = 0
      for _ in 0..<Int.random(in: 0..<6, using: &generator) {
        position += .random(in: 0..<6, using: &generator)
        ranges.append(AddressRange(start: position, size: .random(in: 0..<8, using: &generator)))
        position = ranges[ranges.count - 1].end
      }
      let left = AddressRange.subtract(holes, from: ranges)
      for byte: UInt64 in 0..<80 {
        let isLeft = ranges.contains { $0.contains(byte) } && !holes.contains { $0.contains(byte) }
        #expect(left.contains { $0.contains(byte) } == isLeft, "\(byte) of \(ranges) without \(holes)")
      }
      #expect(left.allSatisfy { !$0.isEmpty })
      #expect(zip(left, left.dropFirst()).allSatisfy { $0.end <= $1.start })
    }
  }

  @Test func `are joined where they overlap or touch`() {
    let ranges = [(9, 2), (1, 3), (20, 0), (4, 2), (5, 1), (11, 1), (1, 1)].map {
      AddressRange(start: UInt64($0.0), size: UInt64($0.1))
    }
    #expect(
      AddressRange.coalesced(ranges) == [AddressRange(start: 1, size: 5), AddressRange(start: 9, size: 3)])
    #expect(AddressRange.coalesced([]).isEmpty)
  }

  @Test func `up to the end of the address space are no exception`() {
    let end = AddressRange(start: .max - 16, size: 100)
    let hole = AddressRange(start: .max - 8, size: 4)
    #expect(
      AddressRange.subtract([hole], from: [end]) == [
        AddressRange(start: .max - 16, size: 8), AddressRange(start: .max - 4, size: 4),
      ])
    #expect(AddressRange.subtract([end], from: [end]).isEmpty)
  }
}
