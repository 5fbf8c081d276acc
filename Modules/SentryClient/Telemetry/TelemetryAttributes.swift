// Provides attributes of logs and metrics in their form on the wire.
internal import StructuredValue

/// Attributes that are known before a log or metric is made, serialised once for many of them.
internal struct TelemetryAttributes: Sendable {
  private(set) var names: [String] = []
  /// `"name":{"value":…,"type":…}` with commas between.
  private(set) var json: [UInt8] = []
  /// Where each of `names` begins and ends in `json`.
  private var ranges: [Range<Int>] = []

  init() {}

  /// Adds what has no attribute of that name yet: the first that says something is right.
  mutating func add(_ name: String, _ value: StructuredValue) {
    if names.contains(name) { return }
    let separated = json.isEmpty ? 0 : 1
    let before = json.count
    if separated == 1 { json.append(UInt8(ascii: ",")) }
    guard Self.append(name, value, to: &json) else {
      json.removeLast(json.count - before)
      return
    }
    names.append(name)
    ranges.append((before + separated)..<json.count)
  }

  mutating func add(_ object: StructuredObject) { for member in object.members { add(member.key, member.value) } }

  mutating func add(text: String?, _ name: String) { if let text { add(name, .string(text)) } }

  /// Appends those whose names are not among `excluded`.
  ///
  /// - Parameter isFirst: whether nothing is before them; `false` afterwards if something was appended.
  func append(to bytes: inout [UInt8], excluding excluded: [String], isFirst: inout Bool) {
    if json.isEmpty { return }
    if excluded.isEmpty || !names.contains(where: { excluded.contains($0) }) {
      if !isFirst { bytes.append(UInt8(ascii: ",")) }
      isFirst = false
      bytes.append(contentsOf: json)
      return
    }
    for (name, range) in zip(names, ranges) where !excluded.contains(name) {
      if !isFirst { bytes.append(UInt8(ascii: ",")) }
      isFirst = false
      bytes.append(contentsOf: json[range])
    }
  }

  /// Writes `"name":{"value":…,"type":"…"}`.
  ///
  /// - Parameter value: a text, a number, a flag; or an object with `value` and `type` and maybe `unit`.
  /// - Returns: `false` for what is no attribute; nothing was written then.
  static func append(_ name: String, _ value: StructuredValue, to bytes: inout [UInt8]) -> Bool {
    let type: String
    switch value {
    case .string: type = "string"
    case .bool: type = "boolean"
    case .integer, .unsigned: type = "integer"
    case .double(let number):
      // JSON has no such numbers, and a server refuses `null` here.
      if !number.isFinite { return false }
      type = "double"
    case .object(let object):
      guard object["value"] != nil, object["type"]?.string != nil else { return false }
      StructuredValue.appendJSON(name, to: &bytes)
      bytes.append(UInt8(ascii: ":"))
      value.appendJSON(to: &bytes)
      return true
    default: return false
    }
    StructuredValue.appendJSON(name, to: &bytes)
    bytes.append(contentsOf: ":{\"value\":".utf8)
    value.appendJSON(to: &bytes)
    bytes.append(contentsOf: ",\"type\":\"".utf8)
    bytes.append(contentsOf: type.utf8)
    bytes.append(contentsOf: "\"}".utf8)
    return true
  }
}
