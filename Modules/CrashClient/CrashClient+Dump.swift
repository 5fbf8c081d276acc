// Provides dumps of a healthy process.
internal import CLinuxShims
internal import CrashCapture
public import LinuxSystem

extension CrashClient {
  /// Has the handler dump this process as it is, and goes on. The calling thread is the report's crashed thread, with
  /// no signal; the process stands still for the time of the dump. No hook runs, no marker is written.
  ///
  /// - Parameter reportID: the identifier that a handler of this project gives the report; `nil`: its own choice.
  /// - Throws: `notConnected` when the handler is gone, `handlerBusy` when it did not finish in time.
  public func dumpWithoutCrash(reportID: UniqueID? = nil) throws(CrashClientError) {
    let identifier = reportID?.bytes ?? [UInt8](repeating: 0, count: 16)
    let result = try whileConnected { () -> Int32 in
      for (index, byte) in identifier.prefix(16).enumerated() { crash_simulated_identifier()[index] = byte }
      return crash_with_context(crash_request_simulated_dump)
    }
    switch DumpRequestResult(rawValue: result) {
    case .finished: return
    case .failed:
      throw CrashClientError(.dumpFailed, "the handler could not make the dump", advice: "Its log says why")
    case .timedOut: throw CrashClientError(.handlerBusy, "the handler did not finish the dump in time")
    default: throw CrashClientError(.notConnected, "the handler is gone", advice: "Stop this client and start another")
    }
  }
}
