// Provides the functions of options: hooks, transport, attachments; life and death of the whole.
internal import CLinuxShims
public import CSentry

@implementation @c
public func sentry_options_set_before_send(
  _ opts: OpaquePointer?, _ function: sentry_event_function_t?, _ data: UnsafeMutableRawPointer?
) {
  box(opts)?.beforeSend = Hook(function, data)
}

@implementation @c
public func sentry_options_set_on_crash(
  _ opts: OpaquePointer?, _ function: sentry_crash_function_t?, _ data: UnsafeMutableRawPointer?
) {
  box(opts)?.onCrash = Hook(function, data)
}

@implementation @c
public func sentry_options_set_on_crashed_last_run(
  _ opts: OpaquePointer?, _ function: sentry_crashed_last_run_function_t?, _ data: UnsafeMutableRawPointer?
) {
  box(opts)?.onCrashedLastRun = Hook(function, data)
}

@implementation @c
public func sentry_options_set_before_breadcrumb(
  _ opts: OpaquePointer?, _ function: sentry_before_breadcrumb_function_t?, _ data: UnsafeMutableRawPointer?
) {
  box(opts)?.beforeBreadcrumb = Hook(function, data)
}

@implementation @c
public func sentry_options_set_before_transaction(
  _ opts: OpaquePointer?, _ function: sentry_transaction_function_t?, _ data: UnsafeMutableRawPointer?
) {
  box(opts)?.beforeTransaction = Hook(function, data)
}

@implementation @c
public func sentry_options_set_before_send_log(
  _ opts: OpaquePointer?, _ function: sentry_before_send_log_function_t?, _ data: UnsafeMutableRawPointer?
) {
  box(opts)?.beforeSendLog = Hook(function, data)
}

@implementation @c
public func sentry_options_set_before_send_metric(
  _ opts: OpaquePointer?, _ function: sentry_before_send_metric_function_t?, _ data: UnsafeMutableRawPointer?
) {
  box(opts)?.beforeSendMetric = Hook(function, data)
}

@implementation @c
public func sentry_options_set_before_send_feedback(
  _ opts: OpaquePointer?, _ function: sentry_before_send_feedback_function_t?, _ data: UnsafeMutableRawPointer?
) {
  box(opts)?.beforeSendFeedback = Hook(function, data)
}

@implementation @c
public func sentry_options_set_traces_sampler(
  _ opts: OpaquePointer?, _ function: sentry_traces_sampler_function?, _ data: UnsafeMutableRawPointer?
) {
  box(opts)?.tracesSampler = Hook(function, data)
}

/// The logger's function as C has it: Swift has no `va_list` in signatures.
@implementation @c
public func csentry_options_set_logger(
  _ options: OpaquePointer?, _ function: UnsafeMutableRawPointer?, _ user_data: UnsafeMutableRawPointer?
) {
  box(options)?.logger = Hook(function, user_data)
}

@implementation @c public func sentry_options_new() -> OpaquePointer? {
  OpaquePointer(Unmanaged.passRetained(OptionsBox()).toOpaque())
}

@implementation @c public func sentry_options_free(_ opts: OpaquePointer?) {
  if let opts { Unmanaged<OptionsBox>.fromOpaque(UnsafeRawPointer(opts)).release() }
}

@implementation @c
public func sentry_options_set_transport(_ opts: OpaquePointer?, _ transport: OpaquePointer?) {
  let taken = transport.map { Unmanaged<TransportBox>.fromOpaque(UnsafeRawPointer($0)).takeRetainedValue() }
  box(opts)?.transport = taken
}

/// A backend is a constant of the header: there is nothing to be freed.
@implementation @c public func sentry_options_set_backend(_ opts: OpaquePointer?, _ backend: OpaquePointer?) {
  box(opts)?.backend = backend
}

@implementation @c public func sentry_options_add_attachment(_ opts: OpaquePointer?, _ path: UnsafePointer<CChar>?) {
  add(path, length(path), to: opts)
}

@implementation @c
public func sentry_options_add_attachment_n(_ opts: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ path_len: Int) {
  add(path, path_len, to: opts)
}

@implementation @c
public func sentry_options_add_view_hierarchy(_ opts: OpaquePointer?, _ path: UnsafePointer<CChar>?) {
  addViewHierarchy(path, length(path), to: opts)
}

@implementation @c
public func sentry_options_add_view_hierarchy_n(
  _ opts: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ path_len: Int
) {
  addViewHierarchy(path, path_len, to: opts)
}

@discardableResult
private func add(_ path: UnsafePointer<CChar>?, _ length: Int, to options: OpaquePointer?) -> AttachmentBox? {
  guard let options = box(options) else { return nil }
  return options.attachments.add(path: path, length)
}

private func addViewHierarchy(_ path: UnsafePointer<CChar>?, _ length: Int, to options: OpaquePointer?) {
  guard let options = box(options) else { return }
  options.attachments.add(path: path, length, type: SENTRY_ATTACHMENT_TYPE_VIEW_HIERARCHY)
}
