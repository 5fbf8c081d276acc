@testable import SentryClient
import StructuredValue
import Testing

@Suite struct `Tags as bytes` {
  private func decoded(_ tags: EncodedTags) throws -> StructuredObject? {
    try StructuredValue(messagePack: tags.header + tags.bytes).object
  }

  /// Swift's texts are equal when they look the same, whatever their bytes. A tag that was set under one form of its
  /// name and changed under the other one had a value with bytes of both.
  @Test func `a name in another form of Unicode is the same tag, and keeps its form`() throws {
    var object = StructuredObject()
    var tags = EncodedTags()
    for (key, value) in [("\u{e9}", "abc"), ("e\u{301}", "xy"), ("\u{e9}", "defg")] {
      tags.set(key, EncodedTags.slot(key), value, at: object.set(.string(value), for: key))
      #expect(try decoded(tags) == object)
      #expect(tags.bytes.starts(with: [0xa2, 0xc3, 0xa9]))
    }
  }

  @Test func `any series of changes leaves what an object of the same changes has`() throws {
    var object = StructuredObject()
    var tags = EncodedTags()
    // Lengths around each of MessagePack's headers, growing and shrinking.
    let lengths = [0, 1, 31, 32, 33, 255, 256, 65_535, 65_536, 256, 31, 3, 3]
    for (step, length) in (lengths + lengths.reversed()).enumerated() {
      for number in stride(from: step % 3, to: 20, by: 3) {
        let key = String(repeating: "k", count: number * 2 + 1)
        let value = String(repeating: "\(step % 10)", count: length)
        // As the client does: a guess, and the search where that was wrong.
        let slot = EncodedTags.slot(key)
        var index = tags.guess(slot)
        if !object.set(.string(value), for: key, at: index) { index = object.set(.string(value), for: key) }
        tags.set(key, slot, value, at: index)
      }
      #expect(try decoded(tags) == object)
    }
    tags.replaceAll(object)
    #expect(try decoded(tags) == object)
    let slot = EncodedTags.slot("k")
    tags.set("k", slot, "new", at: tags.guess(slot))
    #expect(try decoded(tags)?["k"] == "new")
  }
}
