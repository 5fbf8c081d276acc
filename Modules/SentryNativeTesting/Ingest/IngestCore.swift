// Provides the loopback server's threads and state.
internal import CLinuxShims
import LinuxSystem
import Synchronization

/// What the threads of a `LoopbackIngestServer` share.
final class IngestCore: Sendable {
  struct State {
    var requests: [IngestRequest] = []
    /// How many of them were handed to the test.
    var taken = 0
    var script: [IngestAnswer] = []
    var standing: IngestAnswer
    var connections = 0
    var workers: [WorkerThread] = []
  }

  let port: UInt16
  let state: Mutex<State>
  private let listener: OwnedFileDescriptor
  /// Readable from the moment when everything must end.
  private let stopEvent: OwnedFileDescriptor

  init(port: UInt16, answer: IngestAnswer) throws {
    let number = try retryingInterrupts { linux_loopback_bind(port) }
    listener = OwnedFileDescriptor(owning: number)
    stopEvent = OwnedFileDescriptor(owning: try retryingInterrupts { eventfd(0, O_CLOEXEC) })
    _ = try retryingInterrupts { listen(number, 64) }
    self.port = linux_socket_port(number)
    state = Mutex(State(standing: answer))
  }

  func signalStop() {
    var one: UInt64 = 1
    _ = write(stopEvent.rawValue, &one, 8)
  }

  /// To be called when no connection is accepted any more.
  func joinWorkers() {
    let workers = state.withLock { state in
      defer { state.workers = [] }
      return state.workers
    }
    for worker in workers { worker.join() }
    // The number stays reserved while threads may use it, but the port refuses from now on.
    shutdown(listener.rawValue, Int32(SHUT_RDWR))
  }

  /// Accepts until the stop is signalled.
  func acceptConnections() {
    while true {
      var requests = [
        pollfd(fd: listener.rawValue, events: Int16(POLLIN), revents: 0),
        pollfd(fd: stopEvent.rawValue, events: Int16(POLLIN), revents: 0),
      ]
      if poll(&requests, 2, -1) < 0 { continue }
      if requests[1].revents != 0 { return }
      let number = linux_accept(listener.rawValue)
      if number >= 0 { startServing(number) }
    }
  }

  private func startServing(_ socket: Int32) {
    let number = state.withLock { state in
      defer { state.connections += 1 }
      return state.connections
    }
    let thread = try? WorkerThread { [self] in
      let connection = HTTPConnection(OwnedFileDescriptor(owning: socket), stopEvent: stopEvent.rawValue)
      while serve(connection, number: number) {}
    }
    if let thread {
      state.withLock { $0.workers.append(thread) }
    } else {
      close(socket)
    }
  }

  /// - Returns: whether the connection stays open.
  private func serve(_ connection: HTTPConnection, number: Int) -> Bool {
    guard let head = try? connection.readHead() else { return false }
    var request = head
    request.connection = number
    let answer = state.withLock { state in
      state.script.isEmpty ? state.standing : state.script.removeFirst()
    }
    request.answeredStatus = answer.status
    switch answer {
    case .resetAtBody:
      record(request)
      connection.resetOnClose()
      return false
    case .earlyResponse(let status):
      record(request)
      connection.write(IngestResponse(status: status, headers: ["connection": "close"]).bytes)
      connection.finish()
      return false
    default:
      try? connection.readBody(of: &request)
      record(request)
      return request.isComplete && perform(answer, request, connection)
    }
  }

  private func record(_ request: IngestRequest) { state.withLock { $0.requests.append(request) } }

  private func perform(_ answer: IngestAnswer, _ request: IngestRequest, _ connection: HTTPConnection) -> Bool {
    switch answer {
    case .accepted:
      connection.write(IngestResponse.accepting(request).bytes)
      return true
    case .response(let status, let headers, let body):
      connection.write(IngestResponse(status: status, headers: headers, body: body).bytes)
      return true
    case .rateLimited(let retryAfter, let limits):
      var headers: [String: String] = [:]
      headers["Retry-After"] = retryAfter
      headers["X-Sentry-Rate-Limits"] = limits
      connection.write(IngestResponse(status: 429, headers: headers, body: "{}").bytes)
      return true
    case .delayed(let milliseconds, let then):
      connection.pause(milliseconds: milliseconds)
      return perform(then, request, connection)
    case .silence:
      connection.waitForStop()
      return false
    case .brokenResponse:
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nthe beginning")
      return false
    case .garbage(let text):
      connection.write(text)
      connection.finish()
      return false
    case .dripping(let milliseconds, let then):
      connection.drip(milliseconds: milliseconds)
      return perform(then, request, connection)
    case .resetAfterBody, .resetAtBody, .earlyResponse:
      connection.resetOnClose()
      return false
    }
  }
}
