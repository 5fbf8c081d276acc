// Provides the functions of options: flags.
internal import CLinuxShims
public import CSentry

@implementation @c public func sentry_options_set_debug(_ opts: OpaquePointer?, _ value: Int32) {
  box(opts)?.isDebug = value != 0
}

@implementation @c public func sentry_options_get_debug(_ opts: OpaquePointer?) -> Int32 {
  box(opts)?.isDebug == true ? 1 : 0
}

@implementation @c public func sentry_options_set_logger_enabled_when_crashed(_ opts: OpaquePointer?, _ value: Int32) {
  box(opts)?.logsWhenCrashed = value != 0
}

@implementation @c public func sentry_options_set_auto_session_tracking(_ opts: OpaquePointer?, _ value: Int32) {
  box(opts)?.tracksSessions = value != 0
}

@implementation @c public func sentry_options_get_auto_session_tracking(_ opts: OpaquePointer?) -> Int32 {
  box(opts)?.tracksSessions == true ? 1 : 0
}

@implementation @c public func sentry_options_set_require_user_consent(_ opts: OpaquePointer?, _ value: Int32) {
  box(opts)?.requiresUserConsent = value != 0
}

@implementation @c public func sentry_options_get_require_user_consent(_ opts: OpaquePointer?) -> Int32 {
  box(opts)?.requiresUserConsent == true ? 1 : 0
}

@implementation @c public func sentry_options_set_symbolize_stacktraces(_ opts: OpaquePointer?, _ value: Int32) {
  box(opts)?.symbolizesStacktraces = value != 0
}

@implementation @c public func sentry_options_get_symbolize_stacktraces(_ opts: OpaquePointer?) -> Int32 {
  box(opts)?.symbolizesStacktraces == true ? 1 : 0
}

@implementation @c public func sentry_options_set_crashpad_wait_for_upload(_ opts: OpaquePointer?, _ value: Int32) {
  box(opts)?.waitsForUpload = value != 0
}

@implementation @c public func sentry_options_set_propagate_traceparent(_ opts: OpaquePointer?, _ value: Int32) {
  box(opts)?.propagatesTraceparent = value != 0
}

@implementation @c public func sentry_options_get_propagate_traceparent(_ opts: OpaquePointer?) -> Int32 {
  box(opts)?.propagatesTraceparent == true ? 1 : 0
}

@implementation @c public func sentry_options_set_strict_trace_continuation(_ opts: OpaquePointer?, _ value: Int32) {
  box(opts)?.strictTraceContinuation = value != 0
}

@implementation @c public func sentry_options_get_strict_trace_continuation(_ opts: OpaquePointer?) -> Int32 {
  box(opts)?.strictTraceContinuation == true ? 1 : 0
}

@implementation @c public func sentry_options_set_enable_logs(_ opts: OpaquePointer?, _ value: Int32) {
  box(opts)?.enablesLogs = value != 0
}

@implementation @c public func sentry_options_get_enable_logs(_ opts: OpaquePointer?) -> Int32 {
  box(opts)?.enablesLogs == true ? 1 : 0
}

@implementation @c public func sentry_options_set_http_retry(_ opts: OpaquePointer?, _ value: Int32) {
  box(opts)?.retries = value != 0
}

@implementation @c public func sentry_options_get_http_retry(_ opts: OpaquePointer?) -> Int32 {
  box(opts)?.retries == true ? 1 : 0
}

@implementation @c public func sentry_options_set_enable_large_attachments(_ opts: OpaquePointer?, _ value: Int32) {
  box(opts)?.largeAttachments = value != 0
}

@implementation @c public func sentry_options_get_enable_large_attachments(_ opts: OpaquePointer?) -> Int32 {
  box(opts)?.largeAttachments == true ? 1 : 0
}

@implementation @c public func sentry_options_set_logs_with_attributes(_ opts: OpaquePointer?, _ value: Int32) {
  box(opts)?.logsWithAttributes = value != 0
}

@implementation @c public func sentry_options_get_logs_with_attributes(_ opts: OpaquePointer?) -> Int32 {
  box(opts)?.logsWithAttributes == true ? 1 : 0
}

@implementation @c public func sentry_options_set_send_client_reports(_ opts: OpaquePointer?, _ value: Int32) {
  box(opts)?.sendsClientReports = value != 0
}

@implementation @c public func sentry_options_get_send_client_reports(_ opts: OpaquePointer?) -> Int32 {
  box(opts)?.sendsClientReports == true ? 1 : 0
}

@implementation @c public func sentry_options_set_enable_metrics(_ opts: OpaquePointer?, _ value: Int32) {
  box(opts)?.enablesMetrics = value != 0
}

@implementation @c public func sentry_options_get_enable_metrics(_ opts: OpaquePointer?) -> Int32 {
  box(opts)?.enablesMetrics == true ? 1 : 0
}

@implementation @c public func sentry_options_set_enable_app_hang_tracking(_ opts: OpaquePointer?, _ value: Int32) {
  box(opts)?.tracksAppHangs = value != 0
}

@implementation @c public func sentry_options_get_enable_app_hang_tracking(_ opts: OpaquePointer?) -> Int32 {
  box(opts)?.tracksAppHangs == true ? 1 : 0
}

// What has no effect on Linux is taken all the same, so that programs for several systems need no conditions.

@implementation @c public func sentry_options_set_attach_screenshot(_ opts: OpaquePointer?, _ value: Int32) {}

@implementation @c public func sentry_options_set_attach_session_replay(_ opts: OpaquePointer?, _ value: Int32) {}

@implementation @c public func sentry_options_set_session_replay_duration(_ opts: OpaquePointer?, _ value: UInt32) {}

@implementation @c public func sentry_options_set_system_crash_reporter_enabled(_ opts: OpaquePointer?, _ value: Int32)
{}

@implementation @c public func sentry_options_set_crashpad_limit_stack_capture_to_sp(
  _ opts: OpaquePointer?, _ value: Int32
) {}

@implementation @c
public func sentry_options_set_before_screenshot(
  _ opts: OpaquePointer?, _ function: sentry_before_screenshot_function_t?, _ data: UnsafeMutableRawPointer?
) {}
