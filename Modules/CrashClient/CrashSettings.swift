// Provides what a crash does in this process, whichever handler there is.
internal import LinuxSystem

/// What `CrashClient` writes down for the crashing thread.
internal struct CrashSettings {
  let marker: FilePath?
  /// Milliseconds.
  let dumpTimeout: Int32
  /// Whether the process waits for the upload.
  var waits: Bool
  /// 0: nothing is left out of reports.
  let sanitizationAddress: UInt64
  let hooks: CrashClient.Hooks
  let excludedSignals: [Int32]
  let threadHook: Bool

  /// - Throws: what can fail before a handler is there.
  init(
    marker: FilePath?, dumpTimeout: Int32, waits: Bool, sanitization: CrashSanitization?, _ hooks: CrashClient.Hooks,
    _ excludedSignals: [Int32], _ threadHook: Bool
  ) throws(CrashClientError) {
    if let marker, marker.bytes.count >= 4096 {
      throw CrashClientError(.invalidPath, "the crash marker's path is longer than 4095 bytes")
    }
    try sanitization?.check()
    do { try AlternateStack.prepare() } catch { throw .system("pthread_key_create", error) }
    self.marker = marker
    self.dumpTimeout = dumpTimeout
    self.waits = waits
    sanitizationAddress = PublishedSanitization.address(of: sanitization)
    self.hooks = hooks
    self.excludedSignals = excludedSignals
    self.threadHook = threadHook
  }

  init(
    _ configuration: HandlerConfiguration, _ hooks: CrashClient.Hooks, _ excludedSignals: [Int32], _ threadHook: Bool
  ) throws(CrashClientError) {
    try self.init(
      marker: configuration.crashMarkerPath, dumpTimeout: configuration.effectiveDumpTimeout,
      waits: configuration.effectiveWaitsForUpload, sanitization: configuration.sanitization, hooks, excludedSignals,
      threadHook)
  }
}
