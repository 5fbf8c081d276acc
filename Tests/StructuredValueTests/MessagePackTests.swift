import StructuredValue
import Testing

@Suite struct `MessagePack` {
  @Test func `every kind of value is written and read again`() throws {
    var many = StructuredObject()
    for number in 0..<70_000 { many["\(number)"] = .integer(Int64(number)) }
    let value: StructuredValue = [
      "null": nil, "yes": true, "no": false, "real": 0.1, "nothing": .bytes([]), "bytes": .bytes([0, 255]),
      "long bytes": .bytes([UInt8](repeating: 7, count: 70_000)), "short": .bytes([UInt8](repeating: 7, count: 300)),
      "texts": .array([31, 32, 255, 256, 65_535, 65_536].map { .string(String(repeating: "x", count: $0)) }),
      "lists": .array([15, 16, 65_536].map { .array([StructuredValue](repeating: nil, count: $0)) }),
      "many": .object(many),
    ]
    #expect(try StructuredValue(messagePack: value.messagePack) == value)
  }

  private static let shortestForms: [(Int64, [UInt8])] = [
    (0, [0]), (127, [0x7f]), (128, [0xcc, 0x80]), (255, [0xcc, 0xff]), (256, [0xcd, 1, 0]),
    (65_536, [0xce, 0, 1, 0, 0]), (1 << 32, [0xcf, 0, 0, 0, 1, 0, 0, 0, 0]), (-1, [0xff]), (-32, [0xe0]),
    (-33, [0xd0, 0xdf]), (-129, [0xd1, 0xff, 0x7f]), (-32_769, [0xd2, 0xff, 0xff, 0x7f, 0xff]),
    (.min, [0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0]),
  ]

  @Test(arguments: Self.shortestForms)
  func `numbers take their shortest form`(number: Int64, bytes: [UInt8]) throws {
    #expect(StructuredValue.integer(number).messagePack == bytes)
    #expect(try StructuredValue(messagePack: bytes) == .integer(number))
  }

  @Test func `forms that we do not write are read`() throws {
    let forms: [([UInt8], StructuredValue)] = [
      ([0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], .unsigned(.max)), ([0xca, 0x3f, 0x80, 0, 0], 1.0),
      ([0xdb, 0, 0, 0, 1, 0x61], "a"), ([0xdf, 0, 0, 0, 1, 5, 6], ["5": 6]),
      ([0x82, 0xc0, 1, 0xa1, 0x61, 2], ["a": 2]),
      ([0xd6, 0xff, 1, 2, 3, 4], nil), ([0xc7, 2, 5, 1, 2], nil), ([0xd1, 0, 5], 5), ([0xc4, 1, 9], .bytes([9])),
    ]
    for (bytes, value) in forms { #expect(try StructuredValue(messagePack: bytes) == value) }
  }

  @Test func `counts beyond the bytes are refused before memory is taken`() {
    for bytes: [UInt8] in [
      [0xdd, 0xff, 0xff, 0xff, 0xff], [0xdf, 0xff, 0xff, 0xff, 0xff], [0xc6, 0xff, 0xff, 0xff, 0xff],
      [0xdb, 0xff, 0xff, 0xff, 0xff, 1], [0xc9, 0xff, 0xff, 0xff, 0xff, 1], [0xc1], [], [0xcb, 1], [0x91],
      [UInt8](repeating: 0x91, count: 1000), [0, 0],
    ] {
      #expect(throws: StructuredValueError.self) { try StructuredValue(messagePack: bytes) }
    }
  }

  @Test func `a file that was appended to is read up to where its writer died`() {
    let first: StructuredValue = ["message": "one"]
    let second: StructuredValue = ["message": "two"]
    let file = first.messagePack + second.messagePack
    #expect(StructuredValue.sequence(messagePack: file) == [first, second])
    #expect(StructuredValue.sequence(messagePack: file.dropLast()) == [first])
    #expect(StructuredValue.sequence(messagePack: []) == [])
  }

  @Test func `random bytes are refused or read, and never trap`() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 0...24, using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      if let value = try? StructuredValue(messagePack: bytes) {
        #expect((try? StructuredValue(messagePack: value.messagePack)) != nil)
      }
    }
  }
}

@Suite struct `Objects` {
  @Test(arguments: [5, 50]) func `members keep their order when they are set again and removed`(count: Int) {
    var object = StructuredObject()
    for number in 0..<count { object["\(number)"] = .integer(Int64(number)) }
    object["1"] = "changed"
    object["0"] = nil
    object["missing"] = nil
    object["new"] = true
    #expect(object.keys == (1..<count).map { "\($0)" } + ["new"])
    #expect(object["1"] == "changed")
    #expect(object["0"] == nil)
    #expect(object["new"] == true)
    var other = StructuredObject()
    other["1"] = "not taken"
    other["added"] = nil
    other["other"] = 1
    object.addMissing(from: other)
    #expect(object["1"] == "changed" && object["other"] == 1)
  }

  @Test func `numbers are converted where nothing is lost`() {
    #expect(StructuredValue(UInt64(5)) == 5)
    #expect(StructuredValue.double(5).int64 == 5)
    #expect(StructuredValue.double(5.5).int64 == nil)
    #expect(StructuredValue.double(1e300).int64 == nil)
    #expect(StructuredValue.double(.nan).uint64 == nil)
    #expect(StructuredValue.unsigned(.max).int64 == nil)
    #expect(StructuredValue.integer(-1).uint64 == nil)
    let list: StructuredValue = [1, 2]
    #expect(list[1] == 2 && list[2] == nil && list[-1] == nil && list["a"] == nil)
  }
}
