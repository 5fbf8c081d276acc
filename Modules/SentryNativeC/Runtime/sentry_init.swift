// Provides start and end, waiting, and what is known of the library itself.
internal import CLinuxShims
public import CSentry
internal import CrashDatabase
internal import LinuxSystem
internal import SentryClient

@implementation @c public func sentry_init(_ options: OpaquePointer?) -> Int32 {
  guard let options else { return 1 }
  let box = Unmanaged<OptionsBox>.fromOpaque(UnsafeRawPointer(options)).takeRetainedValue()
  return Library.shared.alone { start(box) }
}

private func start(_ box: OptionsBox) -> Int32 {
  if Library.shared.client != nil { _ = sentry_close() }

  var clientOptions = box.clientOptions
  if clientOptions.capturesCrashes { clientOptions.threadsAreHooked = csentry_cover_threads() != 0 }
  if let transport = box.transport {
    guard transport.start(box) else { return 1 }
    switch transport.kind {
    case .standard: clientOptions.transport = .standard
    case .function, .borrowingFunction: clientOptions.transport = .custom(FunctionTransport(transport))
    case .http(let client): clientOptions.transport = .httpClient(client.engineClient)
    }
  } else {
    clientOptions.transport = .disabled
  }

  let client = SentryClient(options: clientOptions)
  // What the engine can live without, programs of this interface expect to be told of. Without a handler the crashing
  // thread reports itself, which is said in the log.
  // What is missing on the way to the server keeps reports waiting, and is no reason to let crashes go unreported: it
  // is not asked for, since that would open libcurl.
  let isUsable = client.startIssues.allSatisfy { issue in
    issue.code != .database && issue.code != .runDirectory && issue.code != .transport
      && (issue.code != .handler || client.hasCrashCapture)
  }
  // What a crash would need is loaded now.
  if client.capturesInProcess { csentry_prepare_unwinding() }
  guard isUsable else {
    client.close()
    return 1
  }
  Library.shared.run(client, box)
  return 0
}

@implementation @c public func sentry_flush(_ timeout: UInt64) -> Int32 {
  guard let client = Library.shared.client else { return 0 }
  return client.flushEnvelopes(milliseconds: Int64(clamping: timeout)) ? 0 : 1
}

@implementation @c public func sentry_close() -> Int32 { Library.shared.alone { stop() } }

private func stop() -> Int32 {
  guard let (client, options) = Library.shared.stop() else { return 0 }
  let folder = client.runDirectory
  client.close()
  // What could not be sent in time lies in the run's folder until the next start.
  let unsent = folder.flatMap { try? FileSystem.entries(of: $0) }?.filter { isEnvelope($0) }.count ?? 0
  // The transport goes with its options, after the last use.
  withExtendedLifetime(options) {}
  return Int32(clamping: unsent)
}

private func isEnvelope(_ name: [UInt8]) -> Bool { name.suffix(9).elementsEqual(".envelope".utf8) }

@implementation @c public func sentry_shutdown() -> Int32 { sentry_close() }

@implementation @c public func sentry_reinstall_backend() -> Int32 {
  guard let client = Library.shared.client, client.options.capturesCrashes else { return 0 }
  return client.restartHandler() ? 0 : 1
}

// ---- Consent ---------------------------------------------------------------------------------------------------------

@implementation @c public func sentry_user_consent_give() { Library.shared.client?.setUserConsent(.given) }
@implementation @c public func sentry_user_consent_revoke() { Library.shared.client?.setUserConsent(.revoked) }
@implementation @c public func sentry_user_consent_reset() { Library.shared.client?.setUserConsent(.unknown) }

@implementation @c public func sentry_user_consent_get() -> sentry_user_consent_t {
  switch Library.shared.client?.userConsent {
  case .given: SENTRY_USER_CONSENT_GIVEN
  case .revoked: SENTRY_USER_CONSENT_REVOKED
  default: SENTRY_USER_CONSENT_UNKNOWN
  }
}

@implementation @c public func sentry_user_consent_is_required() -> Int32 {
  Library.shared.client?.options.requiresUserConsent == true ? 1 : 0
}

// ---- The last run ----------------------------------------------------------------------------------------------------

@implementation @c public func sentry_get_crashed_last_run() -> Int32 { Library.shared.crashedLastRun }

@implementation @c public func sentry_clear_crashed_last_run() -> Int32 {
  guard let path = Library.shared.client?.database?.path.appending("last_crash") else { return 1 }
  do throws(Errno) {
    try FileSystem.remove(path)
    return 0
  } catch {
    return error == .noSuchFile ? 0 : 1
  }
}

// ---- The library -----------------------------------------------------------------------------------------------------

@implementation @c public func sentry_sdk_version() -> UnsafePointer<CChar>? { csentry_sdk_version() }
@implementation @c public func sentry_sdk_name() -> UnsafePointer<CChar>? { csentry_sdk_name() }
@implementation @c public func sentry_sdk_user_agent() -> UnsafePointer<CChar>? { csentry_sdk_user_agent() }
