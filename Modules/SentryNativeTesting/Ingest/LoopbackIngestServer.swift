// Provides a small server that speaks Sentry's ingest endpoints.
import Synchronization

/// A real HTTP/1.1 server on 127.0.0.1 that takes minidumps and envelopes, keeps what it got and answers as it is told.
///
/// Each connection has a thread. `stop()` ends everything, also answers that never come; end it in every test by
/// `defer { server.stop() }`. All methods may be called from any thread.
public final class LoopbackIngestServer: Sendable {
  /// The TCP port on 127.0.0.1.
  public let port: UInt16
  /// The public key in the DSN.
  public let publicKey: String
  /// The project's number.
  public let projectID: Int

  private let core: IngestCore
  private let acceptor: WorkerThread

  /// Starts the server.
  ///
  /// - Parameters:
  ///   - port: 0 for any free one; a number to come back where a server was before.
  ///   - answer: for requests that no answer was queued for.
  public init(
    port: UInt16 = 0, answer: IngestAnswer = .accepted, publicKey: String = "0123456789abcdef0123456789abcdef",
    projectID: Int = 1
  ) throws {
    let core = try IngestCore(port: port, answer: answer)
    self.core = core
    self.port = core.port
    self.publicKey = publicKey
    self.projectID = projectID
    // The threads keep the core alive, not the server: a forgotten server ends all the same.
    acceptor = try WorkerThread { core.acceptConnections() }
  }

  deinit { stop() }

  /// Where an SDK sends: `http://KEY@127.0.0.1:PORT/PROJECT`.
  public var dsn: String { "http://\(publicKey)@127.0.0.1:\(port)/\(projectID)" }
  /// Where a crash handler sends.
  public var minidumpURL: String { "http://127.0.0.1:\(port)/api/\(projectID)/minidump/?sentry_key=\(publicKey)" }
  /// Where envelopes go.
  public var envelopeURL: String { "http://127.0.0.1:\(port)/api/\(projectID)/envelope/" }

  /// Queues answers for the next requests, one each. When they are used up, the standing answer is given.
  public func enqueue(_ answers: IngestAnswer...) { core.state.withLock { $0.script += answers } }

  /// Changes the standing answer.
  public func answer(_ answer: IngestAnswer) { core.state.withLock { $0.standing = answer } }

  /// Everything received so far, in order of arrival.
  public var requests: [IngestRequest] { core.state.withLock { $0.requests } }

  /// How many connections were accepted.
  public var connectionCount: Int { core.state.withLock { $0.connections } }

  /// The oldest request that was not returned before, waited for.
  ///
  /// - Throws: `TestKitError` with `.timedOut`.
  public func nextRequest(timeout: Duration = .patience) throws -> IngestRequest {
    try waitFor("a request at 127.0.0.1:\(port)", timeout: timeout) {
      core.state.withLock { state in
        guard state.taken < state.requests.count else { return nil }
        defer { state.taken += 1 }
        return state.requests[state.taken]
      }
    }
  }

  /// Closes the port and all connections and waits for the threads. Calling it again does nothing.
  public func stop() {
    core.signalStop()
    acceptor.join()
    // Connections come from the acceptor only, so there are no new ones.
    core.joinWorkers()
  }
}
