// Provides captures and sessions.
internal import CLinuxShims
public import CSentry
internal import LinuxSystem
internal import SentryClient
internal import SentryEnvelope
internal import StructuredValue

// ---- Events ----------------------------------------------------------------------------------------------------------

/// Whether the value is a transaction, which is no event for these functions.
private func isTransaction(_ event: sentry_value_t) -> Bool {
  guard let type = event.member("type"), let text = type.heap(SENTRY_VALUE_TYPE_STRING) else { return false }
  return strcmp(text.characters, "transaction") == 0
}

private func capture(_ event: consuming sentry_value_t, _ scope: ScopeBox?) -> sentry_uuid_t {
  guard var object = event.takenObject(), let client = Library.shared.client else { return sentry_uuid_t() }
  if object["debug_meta"] == nil { object["debug_meta"] = Library.shared.debugMeta }
  let id = client.capture(object, scope: scope?.complete)
  scope?.lastEventID = id
  return sentry_uuid_t(id)
}

@implementation @c public func sentry_capture_event(_ event: sentry_value_t) -> sentry_uuid_t {
  if isTransaction(event) { return sentry_uuid_t() }
  return capture(event, nil)
}

@implementation @c
public func sentry_scope_capture_event(_ scope: OpaquePointer?, _ event: sentry_value_t) -> sentry_uuid_t {
  if isTransaction(event) { return sentry_uuid_t() }
  return capture(event, ScopeBox.forCapture(scope))
}

@implementation @c
public func sentry_capture_event_with_scope(_ event: sentry_value_t, _ scope: OpaquePointer?) -> sentry_uuid_t {
  sentry_scope_capture_event(scope, event)
}

@implementation @c public func sentry_capture_minidump(_ path: UnsafePointer<CChar>?) -> sentry_uuid_t {
  sentry_capture_minidump_n(path, length(path))
}

@implementation @c
public func sentry_capture_minidump_n(_ path: UnsafePointer<CChar>?, _ path_len: Int) -> sentry_uuid_t {
  guard let path = FilePath(c: path, path_len), let client = Library.shared.client else { return sentry_uuid_t() }
  return sentry_uuid_t(client.capture(minidump: path))
}

@implementation @c public func sentry_capture_envelope(_ envelope: OpaquePointer?) {
  guard let box = EnvelopeBox.take(envelope), let client = Library.shared.client else { return }
  client.capture(envelope: box.envelope)
}

// ---- Feedback --------------------------------------------------------------------------------------------------------

@implementation @c public func sentry_capture_feedback(_ user_feedback: sentry_value_t) {
  _ = sentry_scope_capture_feedback(nil, user_feedback, nil)
}

@implementation @c
public func sentry_capture_feedback_with_hint(_ user_feedback: sentry_value_t, _ hint: OpaquePointer?) {
  _ = sentry_scope_capture_feedback(nil, user_feedback, hint)
}

@implementation @c
public func sentry_scope_capture_feedback(
  _ scope: OpaquePointer?, _ user_feedback: sentry_value_t, _ hint: OpaquePointer?
) -> sentry_uuid_t {
  let hint = HintBox.take(hint)
  let scope = ScopeBox.forCapture(scope)
  guard let object = user_feedback.takenObject(), let client = Library.shared.client else { return sentry_uuid_t() }
  let id = client.capture(feedback: object, scope: scope?.complete, hint: hint?.hint ?? Hint())
  scope?.lastEventID = id
  return sentry_uuid_t(id)
}

@implementation @c public func sentry_capture_user_feedback(_ user_report: sentry_value_t) {
  guard let object = user_report.takenObject(), let client = Library.shared.client else { return }
  var envelope = Envelope()
  if let dsn = client.options.dsn { envelope.headers["dsn"] = .string(dsn.text) }
  if let id = object["event_id"] { envelope.headers["event_id"] = id }
  envelope.items = [EnvelopeItem(type: "user_report", payload: StructuredValue.object(object).json)]
  client.capture(envelope: envelope)
}

// ---- Sessions --------------------------------------------------------------------------------------------------------

@implementation @c public func sentry_start_session() { Library.shared.client?.startSession() }
@implementation @c public func sentry_end_session() { Library.shared.client?.endSession() }

@implementation @c public func sentry_end_session_with_status(_ status: sentry_session_status_t) {
  let word: SessionStatus
  switch status {
  case SENTRY_SESSION_STATUS_OK: word = .ok
  case SENTRY_SESSION_STATUS_CRASHED: word = .crashed
  case SENTRY_SESSION_STATUS_ABNORMAL: word = .abnormal
  default: word = .exited
  }
  Library.shared.client?.endSession(status: word)
}
