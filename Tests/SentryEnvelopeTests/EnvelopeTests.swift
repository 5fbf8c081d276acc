import SentryEnvelope
import StructuredValue
import Testing

@Suite struct `Envelopes` {
  @Test func `an envelope is lines of headers and payloads without a last newline`() throws {
    let dsn = try DSN("http://k@h/1")
    var event = SentryEvent(eventID: SentryID("fc6d8c0c43fc4630ad850ee518f1b9d0"))
    event.platform = nil
    var envelope = Envelope(event: event, dsn: dsn)
    envelope.items.append(
      .attachment(Array("a\nb".utf8), filename: "x.txt", contentType: "text/plain", attachmentType: "event.attachment"))
    let text = """
      {"dsn":"http://k@h/1","event_id":"fc6d8c0c-43fc-4630-ad85-0ee518f1b9d0"}
      {"type":"event","length":74}
      {"event_id":"fc6d8c0c-43fc-4630-ad85-0ee518f1b9d0","tags":{},"extra":{}}
      {"type":"attachment","length":3,"attachment_type":"event.attachment","content_type":"text/plain","filename":"x.txt"}
      a
      b
      """.replacing("\"length\":74", with: "\"length\":\(event.value.json.count)")
    #expect(String(decoding: envelope.bytes, as: UTF8.self) == text)
    let read = try Envelope(bytes: envelope.bytes)
    #expect(read.bytes == envelope.bytes)
    #expect(read.eventID == event.eventID)
    #expect(read.items.map { $0.type } == ["event", "attachment"])
    #expect(read.items[1].payload == Array("a\nb".utf8))
  }

  @Test func `forms of other writers are read`() throws {
    let text =
      "{}\n{\"type\":\"session\"}\n{\"sid\":\"x\"}\n\n{\"type\":\"empty\",\"length\":0}\n\n{\"type\":\"last\",\"length\":2}\n{}\n"
    let envelope = try Envelope(bytes: Array(text.utf8))
    #expect(envelope.items.map { $0.type } == ["session", "empty", "last"])
    #expect(envelope.items.map { $0.payload.count } == [11, 0, 2])
    #expect(try Envelope(bytes: Array("{}".utf8)).items.isEmpty)
    #expect(try Envelope(bytes: Array("{}\n".utf8)).items.isEmpty)
  }

  @Test(arguments: [
    "", "x", "[]", "{}\nx\n", "{}\n{\"length\":5}\n{}", "{}\n{\"length\":-1}\n{}", "{}\n{\"length\":1}\n{}",
    "{}\n{\"length\":18446744073709551615}\n{}", "{}\n{\"length\":\"2\"}\n{}", "{}\n[]\n",
  ])
  func `broken ones are refused`(text: String) {
    #expect(throws: EnvelopeError.self) { try Envelope(bytes: Array(text.utf8)) }
  }
}
