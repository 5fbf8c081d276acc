// Provides the sessions of earlier runs, on their way into few envelopes.
internal import LinuxSystem
internal import SentryEnvelope

/// Collects sessions of earlier runs: a hundred in an envelope at most, as servers take them (docs/formats/wire-formats.md).
///
/// Each is in a file of this run before it is gone from its own: whatever kills this process, somebody finds it.
internal struct EarlierSessions: ~Copyable {
  private static let limit = 100

  private let client: SentryClient
  private var items: [EnvelopeItem] = []
  private var path: FilePath?

  init(_ client: SentryClient) { self.client = client }

  /// - Returns: `false` when it cannot be stored; the run keeps it then.
  mutating func add(_ item: EnvelopeItem) -> Bool {
    if items.count == Self.limit { submit() }
    if items.isEmpty { path = client.adoptedPath() }
    if let path {
      do throws(Errno) {
        try FileSystem.replace(path, with: client.envelope(of: items + [item]).bytes)
      } catch {
        client.log.write(.warning, "the session of an earlier run stays there, it cannot be stored: \(error)")
        return false
      }
    }
    items.append(item)
    return true
  }

  /// Sends what there is.
  mutating func submit() {
    if items.isEmpty { return }
    let envelope = client.envelope(of: items)
    if let path { client.transport?.submit(file: path, bytes: envelope.bytes) } else { client.submit(envelope) }
    items = []
    path = nil
  }
}
