// Provides how envelopes leave the program: the seam between the engine and the network.
public import LinuxSystem
public import SentryEnvelope

/// Takes envelopes and delivers them. The engine has one; an application may bring its own.
///
/// All calls may come from any thread, never from a signal handler.
public protocol EnvelopeTransport: AnyObject, Sendable {
  /// Takes an envelope. Never blocks longer than the lock of a queue; what is lost is counted in the context's
  /// `ClientReports`.
  func submit(_ envelope: Envelope)

  /// Takes an envelope of an earlier run, whose bytes are sent as they are.
  func submit(raw bytes: [UInt8])

  /// Takes an envelope of an earlier run that lies in a file, which goes when the envelope is with the server, in
  /// another file, or given up, and not before. Without an implementation of its own a transport has it as soon as
  /// `submit(raw:)` returns.
  ///
  /// - Parameters:
  ///   - bytes: the file's content.
  func submit(file: FilePath, bytes: [UInt8])

  /// Begins to send. Called once, before anything is submitted.
  ///
  /// - Returns: `false` when nothing can ever be sent; the reason is in the log.
  func start(_ context: TransportContext) -> Bool

  /// Waits until everything that was submitted has been sent or dropped.
  ///
  /// - Returns: whether nothing is left.
  func flush(milliseconds: Int64) -> Bool

  /// Sends what can be sent within the time, then stops. `takeUnsent` has the rest.
  ///
  /// - Returns: whether nothing is left.
  func shutdown(milliseconds: Int64) -> Bool

  /// Takes what is still queued, serialised, so that it can be written to the run directory.
  func takeUnsent() -> [[UInt8]]

  /// Tries now what waits for a later attempt.
  func retry()

  /// The user has changed what may be sent.
  func consentChanged(maySend: Bool)

  /// Counts for `ClientHealth`.
  var statistics: TransportStatistics { get }
}

extension EnvelopeTransport {
  /// Submits the bytes, and removes the file at once: where the transport then loses them they are lost.
  public func submit(file: FilePath, bytes: [UInt8]) {
    submit(raw: bytes)
    try? FileSystem.remove(file)
  }
}

/// What a transport has done.
public struct TransportStatistics: Sendable, Hashable {
  /// Envelopes that a server took.
  public var sent = 0
  /// Envelopes that wait.
  public var queued = 0
  /// Envelopes that will be tried again later, on disk.
  public var retrying = 0
  /// Envelopes that were given up.
  public var failed = 0
  /// What went wrong last; `nil` when nothing did.
  public var lastError: String?

  /// Nothing was sent yet.
  public init() {}
}
