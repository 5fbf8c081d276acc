import StableOrder
import Testing

@Suite("A stable order")
struct StableOrderTests {
  struct Item: Equatable {
    var key: Int
    var number: Int
  }

  @Test("is that of the standard library, for every length up to two hundred and all kinds of beginnings")
  func agreesWithTheStandardLibrary() {
    var generator = SystemRandomNumberGenerator()
    for count in 0..<200 {
      let keys: [[Int]] = [
        Array(0..<count), Array((0..<count).reversed()), Array(repeating: 1, count: count),
        (0..<count).map { $0 ^ 1 }, (0..<count).map { _ in Int.random(in: 0..<7, using: &generator) },
        (0..<count).map { _ in Int.random(in: .min ... .max, using: &generator) },
      ]
      for keys in keys {
        let items = keys.enumerated().map { Item(key: $0.element, number: $0.offset) }
        #expect(items.inOrder { $0.key < $1.key } == items.sorted { ($0.key, $0.number) < ($1.key, $1.number) })
      }
    }
  }

  @Test("of what is in order already takes one comparison for each element")
  func looksOnceAtWhatIsInOrder() {
    var comparisons = 0
    let sorted = Array(0..<50_000).inOrder {
      comparisons += 1
      return $0 < $1
    }
    #expect(sorted == Array(0..<50_000))
    #expect(comparisons < 50_000)
  }

  @Test("of what contradicts itself has every element once")
  func losesNothing() {
    for answer in [true, false] {
      #expect(Set(Array(0..<1000).inOrder { _, _ in answer }) == Set(0..<1000))
    }
    var generator = SystemRandomNumberGenerator()
    #expect(Set(Array(0..<1000).inOrder { _, _ in Bool.random(using: &generator) }) == Set(0..<1000))
  }
}

@Suite("A search in what is in order")
struct PartitioningIndexTests {
  @Test("finds the first of the second part, or the end, in every collection of up to fifty elements")
  func findsTheBorder() {
    for count in 0..<50 {
      let values = Array(0..<count)
      for border in 0...count {
        #expect(values.partitioningIndex { $0 >= border } == border)
        #expect(values[border...].partitioningIndex { _ in true } == border)
        #expect(values[..<border].partitioningIndex { _ in false } == border)
      }
    }
  }

  @Test("looks at one element for each bit of their number")
  func looksAtFew() {
    var looks = 0
    let index = (0..<1_000_000).partitioningIndex {
      looks += 1
      return $0 >= 765_432
    }
    #expect(index == 765_432)
    #expect(looks <= 20)
  }
}
