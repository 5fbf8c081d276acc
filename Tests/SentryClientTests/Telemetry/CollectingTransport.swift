// Provides a transport that keeps what it gets.
import LinuxSystem
import SentryEnvelope
import StructuredValue

@testable import SentryClient

final class CollectingTransport: EnvelopeTransport, @unchecked Sendable {
  // @unchecked: everything is changed under `lock`.
  private let lock = Lock()
  private var taken: [Envelope] = []

  var envelopes: [Envelope] { lock.withLock { taken } }

  func submit(_ envelope: Envelope) { lock.withLock { taken.append(envelope) } }
  func submit(raw bytes: [UInt8]) { if let envelope = try? Envelope(bytes: bytes) { submit(envelope) } }
  func start(_ context: TransportContext) -> Bool { true }
  func flush(milliseconds: Int64) -> Bool { true }
  func shutdown(milliseconds: Int64) -> Bool { true }
  func takeUnsent() -> [[UInt8]] { [] }
  func retry() {}
  func consentChanged(maySend: Bool) {}
  var statistics: TransportStatistics { TransportStatistics() }

  /// The payloads of all items of a type.
  func payloads(_ type: String) -> [StructuredValue] {
    envelopes.flatMap { $0.items }.filter { $0.type == type }.compactMap { try? StructuredValue(json: $0.payload) }
  }

  /// The entries of all batches of a type.
  func entries(_ type: String) -> [StructuredValue] { payloads(type).flatMap { $0["items"]?.array ?? [] } }
}

extension TemporaryFolder {
  /// A client whose envelopes are collected.
  func collect(_ configure: (inout ClientOptions) -> Void = { _ in }) throws -> (SentryClient, CollectingTransport) {
    let transport = CollectingTransport()
    let dsn = try DSN("https://key@o42.ingest.example.org/1")
    let client = start { options in
      options.dsn = dsn
      options.transport = .custom(transport)
      options.release = "shop@1.2.3"
      options.environment = "test"
      configure(&options)
    }
    return (client, transport)
  }
}
