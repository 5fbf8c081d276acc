// Provides the start and the end of what the engine records: sessions, tracing, logs and metrics.
internal import LinuxSystem
internal import SentryEnvelope
internal import StructuredValue

extension SentryClient {
  /// At the end of the start: the run directory and the transport are there, as far as they can be.
  internal func startRecording() {
    let folder = runPath
    if let folder, let process = RunProcess.current() {
      var value = process.value
      RunGroup.current()?.add(to: &value)
      try? FileSystem.write(StructuredValue.object(value).json, to: folder.appending(RunFiles.process))
    }
    if options.enablesLogs || options.enablesMetrics {
      // A client that records lives until it is closed.
      recorders.start(TelemetryPipeline(folder: folder, dsn: options.dsn?.text) { envelope in self.submit(envelope) })
    }
    if options.tracksSessions { startSession() }
  }

  /// At the beginning of the end: what was recorded goes to the transport.
  internal func stopRecording() {
    recorders.cancelExit()
    endSession()
    recorders.stop()?.stop()
  }

  /// What else follows from a change of the global scope. Outside of `lock`.
  internal func scopeChanged(from before: Scope, to after: Scope) {
    if before.userObject != after.userObject { sessions.setDistinctID(distinctID(after.userObject)) }
    if before.release != after.release || before.environment != after.environment {
      sessions.setRelease(after.release, environment: after.environment)
    }
    if before.transactionName != after.transactionName, let name = after.transactionName {
      (after.span?.recording as? Transaction)?.name = name
    }
    if before.span !== after.span { keepForCrash(after.span, instead: before.span) }
  }
}

extension SentryClient {
  /// Hands logs and metrics that wait to the transport.
  public func flushTelemetry() { recorders.telemetry?.flush() }
}
