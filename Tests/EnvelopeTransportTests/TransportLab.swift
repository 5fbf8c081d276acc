// Provides a transport with a server, a folder, and the books of what became of everything.
import LinuxSystem
import SentryEnvelope
import SentryNativeTesting
import StructuredValue
import Synchronization
import Testing

@testable import SentryClient

/// One transport after the other on one database, and one server.
final class TransportLab {
  let folder: TemporaryDirectory
  let server: LoopbackIngestServer
  let reports = ClientReports()
  /// Must not hold the lab, which would then outlive its test.
  var configure: (inout TransportContext) -> Void = { _ in }
  /// Items that were submitted, and envelopes that the last `end` left.
  private(set) var submitted = 0
  private(set) var unsent: [[UInt8]] = []

  init(answer: IngestAnswer = .accepted) throws {
    folder = try TemporaryDirectory()
    server = try LoopbackIngestServer(answer: answer)
  }

  deinit {
    server.stop()
    folder.remove()
  }

  var database: FilePath { folder.appending("database") }
  var cache: FilePath { database.appending("cache") }

  func context() throws -> TransportContext {
    if !FileSystem.exists(database) { try FileSystem.createDirectories(database) }
    var context = TransportContext(userAgent: "test.sdk/1.0", reports: reports, log: ClientLog(isEnabled: false))
    context.dsn = try DSN(server.dsn)
    context.databasePath = database
    context.proxy = ""
    context.transferTimeout = 60_000
    configure(&context)
    return context
  }

  /// A transport that has started.
  func start(client: CustomHTTPClient? = nil) throws -> HTTPEnvelopeTransport {
    let transport = HTTPEnvelopeTransport(client: client)
    #expect(transport.start(try context()))
    return transport
  }

  func submit(_ envelope: Envelope, to transport: HTTPEnvelopeTransport) {
    submitted += Self.count(envelope.items)
    transport.submit(envelope)
  }

  /// Items that were submitted by others.
  func noteSubmitted(_ count: Int) { submitted += count }

  func end(_ transport: HTTPEnvelopeTransport, milliseconds: Int64 = 60_000) {
    _ = transport.shutdown(milliseconds: milliseconds)
    unsent += transport.takeUnsent()
  }

  // MARK: - The books

  /// Items but reports of losses.
  static func count(_ items: [EnvelopeItem]) -> Int { items.filter { $0.category != nil }.count }

  private static func count(_ bytes: [[UInt8]]) throws -> Int {
    try bytes.reduce(0) { $0 + count(try Envelope(bytes: $1).items) }
  }

  /// What the server has taken.
  var accepted: [Envelope] {
    get throws {
      try server.requests.filter {
        $0.endpoint == .envelope && $0.isComplete && $0.answeredStatus.map { 200...299 ~= $0 } == true
      }.map { try Envelope(bytes: $0.body) }
    }
  }

  var files: [EnvelopeCache.File] { EnvelopeCache(database: database, policy: CachePolicy()).files() }

  /// Items whose loss was counted. Spans are the transaction's and no items of their own.
  var lost: Int {
    reports.discarded.filter { $0.key.category != .span }.reduce(0) { $0 + $1.value }
  }

  /// Every item is with the server, on disk for another attempt, handed back, or counted as lost; and in one place only.
  func checkBooks(sourceLocation: SourceLocation = #_sourceLocation) throws {
    let sent = try accepted.reduce(0) { $0 + Self.count($1.items) }
    let waiting = try Self.count(files.filter { $0.name.attempt != nil }.map { try FileSystem.read($0.path) })
    let left = try Self.count(unsent)
    #expect(
      sent + waiting + left + lost == submitted,
      "sent \(sent), waiting \(waiting), left \(left), lost \(lost), submitted \(submitted)",
      sourceLocation: sourceLocation)
  }

  /// What the server was told of losses, all reports together.
  var told: DiscardedEvents {
    get throws {
      var told = DiscardedEvents()
      for envelope in try accepted {
        for item in envelope.items { if let report = item.discardedEvents { told.add(report) } }
      }
      return told
    }
  }
}

/// An envelope with these items.
func envelope(_ types: String..., id: SentryID? = nil, payload: String = "{}") -> Envelope {
  var headers = StructuredObject()
  if types.contains("event") || types.contains("transaction") {
    headers["event_id"] = .string((id ?? SentryID(bytes: UniqueID.random().bytes) ?? .empty).dashed)
  }
  return Envelope(headers: headers, items: types.map { EnvelopeItem(type: $0, payload: Array(payload.utf8)) })
}

extension [EnvelopeItem] {
  var types: [String] { map { $0.type } }
}
