// Provides the fuzz target of JSON and MessagePack: event files, answers of servers.
import StructuredValue

/// The first byte chooses the format.
let values = FuzzTarget(
  name: "values",
  seeds: {
    let value: StructuredValue = [
      "a": [1, -1, 1.5, 1e300, 0.1], "b": "text \u{1F600}\n", "c": nil, "d": true, "e": ["f": .bytes([1, 2, 3])],
      "g": .unsigned(.max), "h": .integer(.min),
    ]
    return [
      ("json", Array("j".utf8) + value.json), ("messagepack", Array("m".utf8) + value.messagePack),
      ("numbers", Array("j[0.1e-5,5e-324,1.7976931348623157e308,9007199254740993.0,\"\\ud83d\\ude00\"]".utf8)),
      ("number", Array("j179769313486231580793e289".utf8)),
    ]
  },
  body: { bytes in
    guard let format = bytes.first else { return }
    let text = [UInt8](bytes.dropFirst())
    if format & 1 == 0 {
      guard let value = try? StructuredValue(json: text) else { return }
      let written = value.json
      guard let again = try? StructuredValue(json: written) else { preconditionFailure("our JSON cannot be read") }
      precondition(again == value, "a value changed by being written as JSON and read")
      checkNumber(value, text)
      use(value.messagePack)
    } else {
      guard let value = try? StructuredValue(messagePack: text) else { return }
      let written = value.messagePack
      guard let again = try? StructuredValue(messagePack: written) else {
        preconditionFailure("our MessagePack cannot be read")
      }
      // Not the values: NaN is not equal to itself.
      precondition(again.messagePack == written, "a value changed by being written as MessagePack and read")
      use(value.json)
    }
  })

/// The standard library reads numbers too.
private func checkNumber(_ value: StructuredValue, _ text: [UInt8]) {
  guard case .double(let number) = value else { return }
  let trimmed = String(decoding: text.filter { !" \t\r\n".utf8.contains($0) }, as: UTF8.self)
  precondition(Double(trimmed) == number, "\(trimmed) was read as \(number)")
}
