// Provides a log or a metric as one line of JSON.
internal import LinuxSystem
internal import StructuredValue

/// Puts a log or a metric together. Format: docs/formats/wire-formats.md, "Logs and metrics".
internal struct TelemetryEntry {
  private(set) var bytes: [UInt8] = []
  private var isFirstMember = true

  init() {
    // Most entries fit, so that memory is taken once.
    bytes.reserveCapacity(1024)
    bytes.append(UInt8(ascii: "{"))
  }

  mutating func member(_ name: StaticString, _ text: String) {
    key(name)
    StructuredValue.appendJSON(text, to: &bytes)
  }

  mutating func member(_ name: StaticString, _ value: StructuredValue) {
    key(name)
    value.appendJSON(to: &bytes)
  }

  /// Seconds since 1970 with microseconds.
  mutating func member(_ name: StaticString, _ time: Timestamp) {
    key(name)
    bytes.append(contentsOf: Self.seconds(time))
  }

  /// The attributes, then the end. The first that says something of a name is right.
  ///
  /// - Parameters:
  ///   - own: of this log or metric.
  ///   - local: of the scope that came with it.
  ///   - span: the span to which it belongs.
  ///   - known: everything else.
  mutating func finish(
    own: StructuredObject, local: StructuredObject?, span: String?, known: TelemetryAttributes
  ) {
    bytes.append(contentsOf: isFirstMember ? "\"attributes\":{".utf8 : ",\"attributes\":{".utf8)
    var isFirst = true
    var written: [String] = []
    for member in own.members { add(member.key, member.value, &written, &isFirst) }
    if let local {
      for member in local.members where !written.contains(member.key) {
        add(member.key, member.value, &written, &isFirst)
      }
    }
    if let span, !written.contains(Self.spanAttribute), !known.names.contains(Self.spanAttribute) {
      add(Self.spanAttribute, .string(span), &written, &isFirst)
    }
    known.append(to: &bytes, excluding: written, isFirst: &isFirst)
    bytes.append(contentsOf: "}}\n".utf8)
  }

  /// The span in which a log was made.
  static let spanAttribute = "sentry.trace.parent_span_id"

  private mutating func add(
    _ name: String, _ value: StructuredValue, _ written: inout [String], _ isFirst: inout Bool
  ) {
    let before = bytes.count
    if !isFirst { bytes.append(UInt8(ascii: ",")) }
    if TelemetryAttributes.append(name, value, to: &bytes) {
      written.append(name)
      isFirst = false
    } else {
      bytes.removeLast(bytes.count - before)
    }
  }

  private mutating func key(_ name: StaticString) {
    if !isFirstMember { bytes.append(UInt8(ascii: ",")) }
    isFirstMember = false
    bytes.append(UInt8(ascii: "\""))
    name.withUTF8Buffer { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: "\":".utf8)
  }

  /// As a decimal number: a double would not have all microseconds of today's seconds in a short text.
  static func seconds(_ time: Timestamp) -> [UInt8] {
    var digits: [UInt8] = []
    digits.reserveCapacity(20)
    digits.append(contentsOf: String(time.seconds).utf8)
    digits.append(UInt8(ascii: "."))
    var unit: Int32 = 100_000
    let microseconds = time.nanoseconds / 1000
    while unit > 0 {
      digits.append(UInt8(ascii: "0") + UInt8(microseconds / unit % 10))
      unit /= 10
    }
    return digits
  }
}
