// Provides the transport that sends envelopes over HTTP.
public import LinuxSystem
public import SentryEnvelope
internal import Uploader

/// Sends envelopes to the DSN's server, in order, by one thread, which is started when there is something to do.
///
/// What the server or the network refuses is tried again later, kept, or counted: docs/sdk-transport.md has the contract.
/// Callers never wait for the network but in `flush` and `shutdown`, which are bounded. After a fork the child has a
/// queue, a thread and counts of its own, and nothing of its parent's.
public final class HTTPEnvelopeTransport: EnvelopeTransport {
  private let settings: TransportSettings
  private let core: ProcessLocal<TransportCore>

  /// - Parameter client: executes requests in place of libcurl; everything else stays as it is.
  public init(client: CustomHTTPClient? = nil) {
    let settings = TransportSettings(client: client)
    self.settings = settings
    core = ProcessLocal { TransportCore(settings) }
  }

  deinit { core.current.abandon() }

  public func start(_ context: TransportContext) -> Bool {
    settings.begin(context)
    if let client = settings.client, !client.start(context) {
      context.log.write(.error, "the HTTP client of the application did not start")
      return false
    }
    if context.dsn == nil {
      context.log.write(.warning, "there is no DSN: envelopes are not sent")
      return false
    }
    core.current.begin()
    return true
  }

  public func submit(_ envelope: Envelope) { core.current.submit(.envelope(envelope)) }
  public func submit(raw bytes: [UInt8]) { core.current.submit(.raw(bytes)) }
  public func submit(file: FilePath, bytes: [UInt8]) { core.current.submit(.file(file, bytes)) }

  public func flush(milliseconds: Int64) -> Bool { core.current.flush(milliseconds: milliseconds) }

  public func shutdown(milliseconds: Int64) -> Bool {
    let isDone = core.current.shutdown(milliseconds: milliseconds)
    settings.client?.shutdown()
    return isDone
  }

  public func takeUnsent() -> [[UInt8]] { core.current.takeUnsent() }
  public func retry() { core.current.retry() }

  public func consentChanged(maySend: Bool) {
    settings.setMaySend(maySend)
    core.current.consentChanged()
  }

  public var statistics: TransportStatistics { core.current.statistics }

  /// Whether the thread lives, for tests.
  internal var isWorking: Bool {
    let core = core.current
    return core.condition.withLock { core.hasWorker }
  }
}

/// What the transport was told; the same in a forked child.
internal final class TransportSettings: @unchecked Sendable {
  // @unchecked: written before there is a thread, but for `maySend`: one byte, read anew whenever it matters.
  let client: CustomHTTPClient?
  private(set) var context: TransportContext?
  private let consent: UnsafeMutablePointer<Bool>

  init(client: CustomHTTPClient?) {
    self.client = client
    consent = .allocate(capacity: 1)
    consent.initialize(to: true)
  }

  deinit { consent.deallocate() }

  func begin(_ context: TransportContext) {
    self.context = context
    consent.pointee = context.maySend
  }

  var maySend: Bool { consent.pointee }
  func setMaySend(_ maySend: Bool) { consent.pointee = maySend }
}
