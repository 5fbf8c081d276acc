import StructuredValue
import Testing

@testable import SentryClient

@Suite struct `Headers of traces` {
  private let trace = "0123456789abcdef0123456789ABCDEF"
  private let span = "89abcdef01234567"

  @Test func `sentry-trace names trace, span and decision`() throws {
    let bare = try #require(TraceHeader(sentryTrace: "\(trace)-\(span)"))
    #expect(bare.traceID == "0123456789abcdef0123456789abcdef")
    #expect(bare.spanID == span)
    #expect(bare.isSampled == nil)
    #expect(TraceHeader(sentryTrace: " \(trace)-\(span)-1\t")?.isSampled == true)
    #expect(TraceHeader(sentryTrace: "\(trace)-\(span)-0")?.isSampled == false)
  }

  @Test(arguments: [
    "", "-", "--", "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef-",
    "0123456789abcdef0123456789abcde-89abcdef01234567", "0123456789abcdef0123456789abcdef-89abcdef0123456",
    "0123456789abcdef0123456789abcdef-89abcdef01234567-", "0123456789abcdef0123456789abcdef-89abcdef01234567-2",
    "0123456789abcdef0123456789abcdef-89abcdef01234567-1-", "0123456789abcdef0123456789abcdeg-89abcdef01234567-1",
    "00000000000000000000000000000000-89abcdef01234567-1", "0123456789abcdef0123456789abcdef-0000000000000000-1",
    "0123456789abcdef0123456789abcdef 89abcdef01234567", "0123456789abcdef0123456789abcdef-89abcdef01234567-true",
  ])
  func `what is no sentry-trace is refused`(_ text: String) { #expect(TraceHeader(sentryTrace: text) == nil) }

  @Test func `traceparent follows the W3C form`() throws {
    let lower = "0123456789abcdef0123456789abcdef"
    let header = try #require(TraceHeader(traceparent: "00-\(lower)-\(span)-01"))
    #expect(header == TraceHeader(traceID: lower, spanID: span, isSampled: true))
    #expect(header.traceparent == "00-\(lower)-\(span)-01")
    #expect(TraceHeader(traceparent: "00-\(lower)-\(span)-fe")?.isSampled == false)
    #expect(TraceHeader(traceparent: "cc-\(lower)-\(span)-01-what-comes")?.isSampled == true)
    for wrong in [
      "00-\(lower)-\(span)", "ff-\(lower)-\(span)-01", "00-\(lower)-\(span)-01-x", "0-\(lower)-\(span)-01",
      "00-\(lower)-\(span)-1", "00-\(lower)-\(span)-0g",
    ] { #expect(TraceHeader(traceparent: wrong) == nil, "\(wrong)") }
    #expect(TraceHeader(traceID: lower, spanID: span, isSampled: nil).traceparent == "00-\(lower)-\(span)-00")
  }

  @Test func `what is written is read as the same`() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<500 {
      let header = TraceHeader(
        traceID: TraceIdentifiers.traceID(), spanID: TraceIdentifiers.spanID(),
        isSampled: [true, false, nil].randomElement(using: &generator) ?? nil)
      #expect(TraceHeader(sentryTrace: header.sentryTrace) == header)
      #expect(TraceHeader(traceparent: header.traceparent)?.isSampled == (header.isSampled ?? false))
    }
  }

  @Test func `identifiers have their length, and are never the same`() {
    let traces = Set((0..<200).map { _ in TraceIdentifiers.traceID() })
    let spans = Set((0..<200).map { _ in TraceIdentifiers.spanID() })
    #expect(traces.count == 200 && spans.count == 200)
    #expect(traces.allSatisfy { $0.utf8.count == 32 } && spans.allSatisfy { $0.utf8.count == 16 })
    let numbers = (0..<1000).map { _ in TraceIdentifiers.sampleRand() }
    #expect(numbers.allSatisfy { $0 >= 0 && $0 < 1 })
    // Far from what chance allows, were they not evenly spread.
    #expect((350...650).contains(numbers.filter { $0 < 0.5 }.count))
  }
}

@Suite struct `Headers of baggage` {
  private func members(_ text: String) -> [String: String] {
    var result: [String: String] = [:]
    for member in Baggage.parse(text)?.members ?? [] { result[member.key] = member.value.string }
    return result
  }

  @Test func `only Sentry's members count`() {
    let text =
      " other=1 , sentry-trace_id=abc;property=1,sentry-release = shop%401.0%2C%20beta ,sentry-,sentry-sampled=true,"
      + "sentry-sampled=false,SENTRY-x=1,=,,sentry-empty="
    #expect(
      members(text) == ["trace_id": "abc", "release": "shop@1.0, beta", "sampled": "true", "empty": ""])
    #expect(Baggage.parse("other=1") == nil)
    #expect(Baggage.parse("") == nil)
  }

  @Test func `broken encodings stand for themselves`() {
    #expect(members("sentry-a=%,sentry-b=%4,sentry-c=%zz%41") == ["a": "%", "b": "%4", "c": "%zzA"])
  }

  @Test func `the trace comes first, everything else in its order, encoded`() {
    var context = StructuredObject()
    context["public_key"] = "key"
    context["sample_rate"] = 0.5
    context["release"] = .null
    context["environment"] = "zwölf, eins=1"
    context["trace_id"] = "abc"
    context["sampled"] = "true"
    #expect(
      Baggage.header(context)
        == "sentry-trace_id=abc,sentry-public_key=key,sentry-sample_rate=0.5,"
        + "sentry-environment=zw%C3%B6lf%2C%20eins%3D1,sentry-sampled=true")
    #expect(Baggage.header(StructuredObject()) == "")
  }

  @Test func `what is written is read as the same`() {
    let alphabet = Array("abcXYZ019-._~ ,;=%\"\\ü€😀\u{0}\n\t/@")
    for _ in 0..<300 {
      var context = StructuredObject()
      for index in 0..<Int.random(in: 1...8) {
        context["key\(index)"] = .string(
          String((0..<Int.random(in: 0...20)).compactMap { _ in alphabet.randomElement() }))
      }
      let read = Baggage.parse(Baggage.header(context))
      #expect(read?.members.count == context.members.count)
      for member in context.members { #expect(read?[member.key] == member.value) }
    }
  }

  @Test func `long headers are cut, not refused`() {
    let text = (0..<10_000).map { "sentry-k\($0)=v" }.joined(separator: ",")
    #expect(Baggage.parse(text)?.count == 64)
    #expect(Baggage.parse("sentry-long=" + String(repeating: "x", count: 100_000))?["long"]?.string?.utf8.count == 8180)
  }
}
