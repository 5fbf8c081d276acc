// Provides the fuzz target of DSNs, envelopes and events: run directories, caches and event files hold them.
import SentryEnvelope
import StructuredValue

/// The first byte chooses: a DSN, an event as JSON, or an envelope.
let dsnEnvelope = FuzzTarget(
  name: "dsn-envelope",
  seeds: {
    let dsn = "https://0123abcd:secret@o42.ingest.example:8443/path/1"
    let event: StructuredValue = [
      "event_id": "0123456789abcdef0123456789abcdef", "timestamp": "2026-11-25T03:00:00.5Z", "level": "fatal",
      "breadcrumbs": [["message": "b", "timestamp": 1.5]], "user": ["id": "1"], "tags": ["a": "b"],
      "exception": [
        "values": [["type": "T", "mechanism": ["type": "signal"], "stacktrace": ["frames": [["lineno": 1]]]]]
      ],
      "debug_meta": ["images": [["type": "elf", "image_addr": "0x1000"]]], "threads": ["values": [["id": 1]]],
    ]
    let envelope = Envelope(event: SentryEvent(value: event), dsn: try? DSN(dsn))
    return [
      ("dsn", [0] + Array(dsn.utf8)), ("event", [1] + event.json), ("envelope", [2] + envelope.bytes),
      ("without-length", [2] + Array("{}\n{\"type\":\"session\"}\n{}\n{\"type\":\"x\",\"length\":3}\nabc\n".utf8)),
    ]
  },
  body: { bytes in
    guard let kind = bytes.first else { return }
    let rest = [UInt8](bytes.dropFirst())
    switch kind % 3 {
    case 0:
      guard let dsn = try? DSN(String(decoding: rest, as: UTF8.self)) else { return }
      use(dsn.envelopeURL)
      use(dsn.minidumpURL(userAgent: "a b"))
      use(dsn.authenticationHeader(userAgent: "x"))
    case 1:
      guard let value = try? StructuredValue(json: rest) else { return }
      let event = SentryEvent(value: value)
      // What one event says, another one made of it says too.
      precondition(SentryEvent(value: event.value).value == event.value, "an event changed by being written and read")
    default:
      use(StructuredValue.sequence(messagePack: rest))
      guard let envelope = try? Envelope(bytes: rest) else { return }
      use(envelope.eventID)
      let written = envelope.bytes
      guard let again = try? Envelope(bytes: written) else { preconditionFailure("our envelope cannot be read") }
      precondition(again.bytes == written, "an envelope changed by being written and read")
    }
  })
