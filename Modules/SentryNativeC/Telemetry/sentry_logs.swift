// Provides structured logs.
internal import CLinuxShims
public import CSentry
internal import SentryClient
internal import SentryEnvelope
internal import StructuredValue

@implementation @c public func csentry_logs_have_attributes() -> Int32 {
  Library.shared.options?.logsWithAttributes == true ? 1 : 0
}

@implementation @c public func csentry_logs_are_enabled() -> Int32 {
  Library.shared.client?.options.enablesLogs == true ? 1 : 0
}

/// Where `sentry_log_info` and its siblings end: attributes of the application, then the arguments of the format.
@implementation @c
public func csentry_log_formatted(
  _ level: Int32, _ text: UnsafePointer<CChar>?, _ length: UInt64, _ format: UnsafePointer<CChar>?,
  _ parameters: sentry_value_t, _ attributes: sentry_value_t
) -> Int32 {
  var attributes = attributes.takenObject() ?? StructuredObject()
  if let parameters = parameters.takenObject() {
    attributes.addMissing(from: parameters)
    if attributes["sentry.message.template"] == nil, let template = String(c: format) {
      attributes["sentry.message.template"] = ["value": .string(template), "type": "string"]
    }
  }
  let body = String(c: text, Int(clamping: length)) ?? ""
  return Int32(log(sentry_level_t(rawValue: level), body, attributes, nil).rawValue)
}

private func log(
  _ level: sentry_level_t, _ body: String, _ attributes: StructuredObject, _ scope: ScopeBox?
) -> log_return_value_t {
  guard let client = Library.shared.client else { return SENTRY_LOG_RETURN_DISABLED }
  switch client.log(SentryLevel(level), body, attributes: attributes, scope: scope?.complete) {
  case .accepted: return SENTRY_LOG_RETURN_SUCCESS
  case .discarded: return SENTRY_LOG_RETURN_DISCARD
  case .failed: return SENTRY_LOG_RETURN_FAILED
  case .disabled: return SENTRY_LOG_RETURN_DISABLED
  }
}

@implementation @c
public func sentry_log(
  _ level: sentry_level_t, _ body: UnsafePointer<CChar>?, _ attributes: sentry_value_t
) -> log_return_value_t {
  sentry_scope_capture_log(nil, level, body, attributes)
}

@implementation @c
public func sentry_scope_capture_log(
  _ scope: OpaquePointer?, _ level: sentry_level_t, _ body: UnsafePointer<CChar>?, _ attributes: sentry_value_t
) -> log_return_value_t {
  let scope = ScopeBox.forCapture(scope)
  let attributes = attributes.takenObject() ?? StructuredObject()
  guard let body = String(c: body) else { return SENTRY_LOG_RETURN_FAILED }
  return log(level, body, attributes, scope)
}
