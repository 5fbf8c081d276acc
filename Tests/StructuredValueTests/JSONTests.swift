import StructuredValue
import Testing

@Suite struct `JSON` {
  @Test func `every kind of value is written and read again`() throws {
    let value: StructuredValue = [
      "null": nil, "yes": true, "no": false, "small": -1, "big": .unsigned(.max), "min": .integer(.min),
      "real": 0.1, "whole real": 3.0, "tiny": .double(.leastNonzeroMagnitude),
      "huge": .double(.greatestFiniteMagnitude),
      "text": "\u{8}\u{c}\n\r\t\u{1}\u{1f}\"\\/ é 𝄞 \u{7f}", "list": [1, [2, []], [:]], "": "",
    ]
    #expect(try StructuredValue(json: value.json) == value)
    #expect(
      value.jsonText
        == #"{"null":null,"yes":true,"no":false,"small":-1,"big":18446744073709551615,"min":-9223372036854775808,"#
        + #""real":0.1,"whole real":3.0,"tiny":5e-324,"huge":1.7976931348623157e+308,"#
        + #""text":"\b\f\n\r\t\u0001\u001f\"\\/ é 𝄞 "# + "\u{7f}" + #"","list":[1,[2,[]],{}],"":""}"#)
  }

  @Test func `what JSON cannot say is null or text`() {
    #expect(
      StructuredValue.array([.double(.nan), .double(.infinity), .double(-.infinity)]).jsonText == "[null,null,null]")
    #expect(
      StructuredValue.array(["", "f", "fo", "foo", "foob"].map { .bytes(Array($0.utf8)) }).jsonText
        == #"["","Zg==","Zm8=","Zm9v","Zm9vYg=="]"#)
  }

  @Test func `values deeper than 64 containers vanish`() throws {
    var value: StructuredValue = "inside"
    for _ in 0..<64 { value = ["a": value] }
    #expect(try StructuredValue(json: value.json) == value)
    value = ["a": value]
    var expected: StructuredValue = [:]
    for _ in 0..<63 { expected = ["a": expected] }
    #expect(try StructuredValue(json: value.json) == expected)
    #expect(try StructuredValue(messagePack: value.messagePack) == expected)
  }

  private static let validTexts: [(String, StructuredValue)] = [
    ("0", StructuredValue.integer(0)), ("-0", .double(-0.0)), ("-0.0", .double(-0.0)), ("1e2", .double(100)),
    ("9223372036854775807", .integer(.max)), ("9223372036854775808", .unsigned(1 << 63)),
    ("-9223372036854775808", .integer(.min)), ("-9223372036854775809", .double(-9223372036854775808)),
    ("18446744073709551616", .double(18446744073709551616)), ("1E-400", .double(0)),
    ("0e999999999999999999", .double(0)),
    (" [ 1 , { \"a\" : 2 } ] ", .array([1, StructuredValue(dictionaryLiteral: ("a", 2))])), (#""é😀\/""#, "é😀/"),
    (#""\ud83d x \udc00""#, "\u{fffd} x \u{fffd}"), (#""\ud83dA""#, "\u{fffd}A"),
    (#"{"a":1,"b":2,"a":3}"#, StructuredValue(dictionaryLiteral: ("a", 3), ("b", 2))),
  ]

  @Test(arguments: Self.validTexts)
  func `valid texts are read`(text: String, value: StructuredValue) throws {
    let read = try StructuredValue(json: text)
    #expect(read == value)
    if case .double(let number) = value { #expect(read.double?.sign == number.sign) }
  }

  @Test(arguments: [
    "", " ", "{", "[", "[1", "[1,", "[1,]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{a:1}", "{1:1}", "tru",
    "nulL",
    "01", "-", "+1", "1.", ".5", "1e", "1e+", "1e999", "-1e999", "0x10", "NaN", "\"", "\"\\", "\"\\u12", "\"\\u12g4\"",
    "\"\\x\"", "\"\n\"", "1 2", "[] x", "\u{feff}1",
  ])
  func `broken texts are refused with the place`(text: String) {
    do {
      let value = try StructuredValue(json: text)
      Issue.record("\(text) was read as \(value)")
    } catch {
      #expect(error.offset <= text.utf8.count)
      #expect(!error.description.isEmpty)
    }
  }

  @Test func `a text that opens without end is refused before the stack ends`() {
    let deep = String(repeating: "[", count: 1_000_000)
    #expect(throws: StructuredValueError.self) { try StructuredValue(json: deep) }
    let objects = String(repeating: "{\"a\":", count: 1_000_000)
    #expect(throws: StructuredValueError.self) { try StructuredValue(json: objects) }
  }

  @Test func `bytes that are not UTF-8 become replacement characters`() throws {
    #expect(try StructuredValue(json: [0x22, 0xff, 0x22]) == "\u{fffd}")
  }

  @Test func `an object with very many members is read in a moment`() throws {
    let text = "{" + (0..<100_000).map { "\"key\($0)\":\($0)" }.joined(separator: ",") + "}"
    let value = try StructuredValue(json: text)
    #expect(value["key99999"] == 99_999)
    #expect(value.object?.count == 100_000)
  }

  @Test func `every cut of a text is refused and none traps`() throws {
    let text = Array(#"{"a":[1,-2.5e-3,"é\n😀",true,null],"b":{"c":18446744073709551615}}"#.utf8)
    for count in 0..<text.count {
      #expect(throws: StructuredValueError.self) { try StructuredValue(json: Array(text[..<count])) }
    }
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2_000 {
      var changed = text
      for _ in 0..<3 {
        changed[Int.random(in: 0..<text.count, using: &generator)] = .random(in: 0...255, using: &generator)
      }
      if let value = try? StructuredValue(json: changed) { #expect(try StructuredValue(json: value.json) == value) }
    }
  }
}

@Suite struct `Decimal numbers` {
  private func read(_ text: String) throws -> Double { try #require(try StructuredValue(json: text).double) }

  @Test(arguments: [
    "2.2250738585072014e-308", "2.2250738585072011e-308", "4.9406564584124654e-324", "2.4703282292062327e-324",
    "2.4703282292062328e-324", "1.7976931348623157e308", "1.7976931348623158e308", "9007199254740993.0",
    "9007199254740992.999999", "9007199254740993.00000000000000000000000000000000001",
    "123456789012345678901234567890.0",
    "1e23", "8.5e22", "0.000000000000000000000000000000000000000000001",
    "3.14159265358979323846264338327950288419716939937510",
    "6.631236846766476e-316", "3.2378839133029012895883524125015321748630094e-319",
  ])
  func `hard ones are rounded as the C library does`(text: String) throws {
    #expect(try read(text) == Double(text))
  }

  @Test func `a tie is told from what is just above it by its last digit, however far behind`() throws {
    let tie = "9007199254740993." + String(repeating: "0", count: 2000)
    #expect(try read(tie + "0") == 9007199254740992)
    #expect(try read(tie + "1") == 9007199254740994)
  }

  @Test func `every double is written so that it is read again`() throws {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2_000 {
      let number = Double(bitPattern: .random(in: 0 ... .max, using: &generator))
      if !number.isFinite { continue }
      #expect(try read(StructuredValue.double(number).jsonText) == number)
    }
  }

  @Test func `random texts are rounded as the C library does`() throws {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<1_000 {
      let digits = (0..<Int.random(in: 1...40, using: &generator)).map { _ in
        String(Int.random(in: 0...9, using: &generator))
      }
      let text = "1\(digits.joined()).5e\(Int.random(in: -360...260, using: &generator))"
      #expect(try read(text) == Double(text), "\(text)")
    }
  }
}
