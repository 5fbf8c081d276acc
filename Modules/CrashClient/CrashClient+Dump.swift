// Provides dumps of a healthy process.
internal import CLinuxShims
internal import CrashCapture

extension CrashClient {
  /// Has the handler dump this process as it is, and goes on. The calling thread is the report's crashed thread, with
  /// no signal; the process stands still for the time of the dump. No hook runs, no marker is written.
  ///
  /// - Throws: `notConnected` when the handler is gone, `handlerBusy` when it did not finish in time.
  public func dumpWithoutCrash() throws(CrashClientError) {
    let result = try whileConnected { () -> Int32 in crash_with_context(crash_request_simulated_dump) }
    switch DumpRequestResult(rawValue: result) {
    case .finished: return
    case .timedOut: throw CrashClientError(.handlerBusy, "the handler did not finish the dump in time")
    default: throw CrashClientError(.notConnected, "the handler is gone", advice: "Stop this client and start another")
    }
  }
}
