// Provides values of known shape: users, attributes, events and their parts, feedback.
internal import CLinuxShims
public import CSentry
internal import SentryEnvelope

@implementation @c
public func sentry_value_new_user(
  _ id: UnsafePointer<CChar>?, _ username: UnsafePointer<CChar>?, _ email: UnsafePointer<CChar>?,
  _ ip_address: UnsafePointer<CChar>?
) -> sentry_value_t {
  sentry_value_new_user_n(
    id, length(id), username, length(username), email, length(email), ip_address, length(ip_address))
}

@implementation @c
public func sentry_value_new_user_n(
  _ id: UnsafePointer<CChar>?, _ id_len: Int, _ username: UnsafePointer<CChar>?, _ username_len: Int,
  _ email: UnsafePointer<CChar>?, _ email_len: Int, _ ip_address: UnsafePointer<CChar>?, _ ip_address_len: Int
) -> sentry_value_t {
  let user = sentry_value_new_object()
  user.set("id", id, id_len)
  if username_len > 0 { user.set("username", username, username_len) }
  if email_len > 0 { user.set("email", email, email_len) }
  if ip_address_len > 0 { user.set("ip_address", ip_address, ip_address_len) }
  if sentry_value_get_length(user) > 0 { return user }
  user.release()
  return .null
}

// ---- Attributes ------------------------------------------------------------------------------------------------------

private func attributeType(_ value: sentry_value_t) -> StaticString? {
  switch value.type {
  case SENTRY_VALUE_TYPE_BOOL: "boolean"
  case SENTRY_VALUE_TYPE_INT32, SENTRY_VALUE_TYPE_INT64, SENTRY_VALUE_TYPE_UINT64: "integer"
  case SENTRY_VALUE_TYPE_DOUBLE: "double"
  case SENTRY_VALUE_TYPE_STRING: "string"
  case SENTRY_VALUE_TYPE_LIST:
    switch sentry_value_get_by_index(value, 0).type {
    case SENTRY_VALUE_TYPE_NULL, SENTRY_VALUE_TYPE_LIST, SENTRY_VALUE_TYPE_OBJECT: nil
    default: "array"
    }
  default: nil
  }
}

@implementation @c
public func sentry_value_new_attribute(_ value: sentry_value_t, _ unit: UnsafePointer<CChar>?) -> sentry_value_t {
  sentry_value_new_attribute_n(value, unit, length(unit))
}

@implementation @c
public func sentry_value_new_attribute_n(
  _ value: sentry_value_t, _ unit: UnsafePointer<CChar>?, _ unit_len: Int
) -> sentry_value_t {
  guard let type = attributeType(value) else {
    value.release()
    return .null
  }
  let attribute = sentry_value_new_object()
  attribute.set("type", sentry_value_t(staticText: type))
  attribute.set("value", value)
  attribute.set("unit", unit, unit_len)
  return attribute
}

// ---- Events ----------------------------------------------------------------------------------------------------------

@implementation @c public func sentry_value_new_event() -> sentry_value_t {
  let event = sentry_value_new_object()
  event.set("event_id", sentry_uuid_new_v4().dashedText)
  event.set("timestamp", .now)
  event.set("platform", sentry_value_t(staticText: "native"))
  return event
}

/// The word for a level; `info` for numbers that are none.
internal func levelName(_ level: sentry_level_t) -> StaticString {
  switch level {
  case SENTRY_LEVEL_TRACE: "trace"
  case SENTRY_LEVEL_DEBUG: "debug"
  case SENTRY_LEVEL_WARNING: "warning"
  case SENTRY_LEVEL_ERROR: "error"
  case SENTRY_LEVEL_FATAL: "fatal"
  default: "info"
  }
}

@implementation @c
public func sentry_value_new_message_event(
  _ level: sentry_level_t, _ logger: UnsafePointer<CChar>?, _ text: UnsafePointer<CChar>?
) -> sentry_value_t {
  sentry_value_new_message_event_n(level, logger, length(logger), text, length(text))
}

@implementation @c
public func sentry_value_new_message_event_n(
  _ level: sentry_level_t, _ logger: UnsafePointer<CChar>?, _ logger_len: Int, _ text: UnsafePointer<CChar>?,
  _ text_len: Int
) -> sentry_value_t {
  let event = sentry_value_new_event()
  event.set("level", sentry_value_t(staticText: levelName(level)))
  event.set("logger", logger, logger_len)
  if let text {
    let message = sentry_value_new_object()
    message.set("formatted", text, text_len)
    event.set("message", message)
  }
  return event
}

@implementation @c
public func sentry_value_new_breadcrumb(
  _ type: UnsafePointer<CChar>?, _ message: UnsafePointer<CChar>?
) -> sentry_value_t {
  sentry_value_new_breadcrumb_n(type, length(type), message, length(message))
}

@implementation @c
public func sentry_value_new_breadcrumb_n(
  _ type: UnsafePointer<CChar>?, _ type_len: Int, _ message: UnsafePointer<CChar>?, _ message_len: Int
) -> sentry_value_t {
  let breadcrumb = sentry_value_new_object()
  breadcrumb.set("timestamp", .now)
  breadcrumb.set("type", type, type_len)
  breadcrumb.set("message", message, message_len)
  return breadcrumb
}

@implementation @c
public func sentry_value_new_exception(
  _ type: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?
) -> sentry_value_t {
  sentry_value_new_exception_n(type, length(type), value, length(value))
}

@implementation @c
public func sentry_value_new_exception_n(
  _ type: UnsafePointer<CChar>?, _ type_len: Int, _ value: UnsafePointer<CChar>?, _ value_len: Int
) -> sentry_value_t {
  let exception = sentry_value_new_object()
  exception.set("type", type, type_len)
  exception.set("value", value, value_len)
  return exception
}

@implementation @c
public func sentry_value_new_thread(_ id: UInt64, _ name: UnsafePointer<CChar>?) -> sentry_value_t {
  sentry_value_new_thread_n(id, name, length(name))
}

@implementation @c
public func sentry_value_new_thread_n(
  _ id: UInt64, _ name: UnsafePointer<CChar>?, _ name_len: Int
) -> sentry_value_t {
  let thread = sentry_value_new_object()
  thread.set("id", sentry_value_t(text: String(id)))
  thread.set("name", name, name_len)
  return thread
}

/// Adds to the list `event.<key>.values`; a bare list is taken as it is.
private func add(_ value: sentry_value_t, to event: sentry_value_t, _ key: StaticString) {
  guard event.heap(SENTRY_VALUE_TYPE_OBJECT) != nil else {
    value.release()
    return
  }
  var holder = event.member(key) ?? .null
  if holder.heap(SENTRY_VALUE_TYPE_LIST) != nil {
    _ = sentry_value_append(holder, value)
    return
  }
  if holder.heap(SENTRY_VALUE_TYPE_OBJECT) == nil {
    holder = sentry_value_new_object()
    event.set(key, holder)
  }
  var values = holder.member("values") ?? .null
  if values.heap(SENTRY_VALUE_TYPE_LIST) == nil {
    values = sentry_value_new_list()
    holder.set("values", values)
  }
  _ = sentry_value_append(values, value)
}

@implementation @c
public func sentry_event_add_exception(_ event: sentry_value_t, _ exception: sentry_value_t) {
  add(exception, to: event, "exception")
}

@implementation @c public func sentry_event_add_thread(_ event: sentry_value_t, _ thread: sentry_value_t) {
  add(thread, to: event, "threads")
}

// ---- Feedback --------------------------------------------------------------------------------------------------------

@implementation @c
public func sentry_value_new_feedback(
  _ message: UnsafePointer<CChar>?, _ contact_email: UnsafePointer<CChar>?, _ name: UnsafePointer<CChar>?,
  _ associated_event_id: UnsafePointer<sentry_uuid_t>?
) -> sentry_value_t {
  sentry_value_new_feedback_n(
    message, length(message), contact_email, length(contact_email), name, length(name), associated_event_id)
}

@implementation @c
public func sentry_value_new_feedback_n(
  _ message: UnsafePointer<CChar>?, _ message_len: Int, _ contact_email: UnsafePointer<CChar>?,
  _ contact_email_len: Int, _ name: UnsafePointer<CChar>?, _ name_len: Int,
  _ associated_event_id: UnsafePointer<sentry_uuid_t>?
) -> sentry_value_t {
  let feedback = sentry_value_new_object()
  feedback.set("message", message, message_len)
  feedback.set("contact_email", contact_email, contact_email_len)
  feedback.set("name", name, name_len)
  if let id = associated_event_id, sentry_uuid_is_nil(id) == 0 {
    feedback.set("associated_event_id", sentry_value_t(text: id.pointee.sentryID.description))
  }
  return feedback
}

@implementation @c
public func sentry_value_new_user_feedback(
  _ uuid: UnsafePointer<sentry_uuid_t>?, _ name: UnsafePointer<CChar>?, _ email: UnsafePointer<CChar>?,
  _ comments: UnsafePointer<CChar>?
) -> sentry_value_t {
  userReport(uuid, name, length(name), email, length(email), comments, length(comments))
}

private func userReport(
  _ uuid: UnsafePointer<sentry_uuid_t>?, _ name: UnsafePointer<CChar>?, _ name_len: Int,
  _ email: UnsafePointer<CChar>?, _ email_len: Int, _ comments: UnsafePointer<CChar>?, _ comments_len: Int
) -> sentry_value_t {
  let report = sentry_value_new_object()
  if let uuid { report.set("event_id", uuid.pointee.dashedText) }
  report.set("name", name, name_len)
  report.set("email", email, email_len)
  report.set("comments", comments, comments_len)
  return report
}

@implementation @c
public func sentry_value_new_user_feedback_n(
  _ uuid: UnsafePointer<sentry_uuid_t>?, _ name: UnsafePointer<CChar>?, _ name_len: Int,
  _ email: UnsafePointer<CChar>?, _ email_len: Int, _ comments: UnsafePointer<CChar>?, _ comments_len: Int
) -> sentry_value_t {
  userReport(uuid, name, name_len, email, email_len, comments, comments_len)
}
