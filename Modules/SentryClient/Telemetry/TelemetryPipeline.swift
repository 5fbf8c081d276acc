// Provides the way of logs and metrics from the call to the transport.
internal import LinuxSystem
internal import SentryEnvelope

/// Two buffers and the worker that empties them.
internal final class TelemetryPipeline: Sendable {
  let logs: TelemetryBuffer
  let metrics: TelemetryBuffer
  private let worker: TelemetryWorker

  /// - Parameters:
  ///   - folder: the run directory; `nil`: nothing outlives the process.
  init(folder: FilePath?, dsn: String?, deliver: @escaping TelemetryWorker.Delivery) {
    logs = TelemetryBuffer(.logs, folder: folder)
    metrics = TelemetryBuffer(.metrics, folder: folder)
    worker = TelemetryWorker([logs, metrics], dsn: dsn, deliver: deliver)
  }

  func buffer(_ kind: TelemetryKind) -> TelemetryBuffer { kind == .logs ? logs : metrics }

  /// - Returns: `false` when there was no room.
  func add(_ entry: [UInt8], _ kind: TelemetryKind) -> Bool { worker.add(entry, to: buffer(kind)) }

  /// Hands over what waits.
  func flush() { worker.flush() }

  /// Hands over what waits, for the last time.
  func stop() { worker.stop() }
}
