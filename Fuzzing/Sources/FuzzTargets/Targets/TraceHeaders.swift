// Provides the fuzz target of the headers that name traces, and of the files that a dead run leaves.
import SentryClient
import SentryEnvelope
import StructuredValue

/// The first byte chooses: `sentry-trace`, `traceparent`, `baggage`, or the files of a run.
let traceHeaders = FuzzTarget(
  name: "trace-headers",
  seeds: {
    let trace = "0123456789abcdef0123456789abcdef-89abcdef01234567"
    let words =
      "sentry-trace_id=0123456789abcdef0123456789abcdef,sentry-release=a%40b;p=1 , other=2,sentry-sample_rand=0.5"
    var segment: [UInt8] = [0x53, 0x4e, 0x52, 0x31, 64, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0] + Array("{\"a\":1}\n".utf8)
    segment += [UInt8](repeating: 0, count: 64 - segment.count)
    return [
      ("sentry-trace", [0] + Array("\(trace)-1".utf8)), ("traceparent", [1] + Array("00-\(trace)-01".utf8)),
      ("baggage", [2] + Array(words.utf8)), ("segments", [3] + segment),
    ]
  },
  body: { bytes in
    guard let kind = bytes.first else { return }
    let rest = [UInt8](bytes.dropFirst())
    let text = String(decoding: rest, as: UTF8.self)
    switch kind % 4 {
    case 0:
      guard let header = TraceHeader(sentryTrace: text) else { return }
      precondition(TraceHeader(sentryTrace: header.sentryTrace) == header, "a header changed by being written and read")
    case 1:
      guard let header = TraceHeader(traceparent: text) else { return }
      precondition(TraceHeader(traceparent: header.traceparent) == header, "a header changed by being written and read")
    case 2:
      var context = TransactionContext(name: "n", operation: "o")
      context.update(header: "baggage", value: text)
      guard let members = Baggage.parse(text) else { return }
      let written = Baggage.header(members)
      // A longer one may have been cut.
      if written.utf8.count <= 8192 {
        precondition(
          Baggage.header(Baggage.parse(written) ?? StructuredObject()) == written, "baggage changed by being read")
      }
    default:
      let remains = RunRemains { name in name == RunFiles.event ? nil : rest }
      for envelope in remains.envelopes(
        ending: .crashed(EventTime(seconds: 1)), dsn: nil, now: EventTime(seconds: 2))
      {
        use(envelope.bytes)
      }
    }
  })
