// Provides the functions of options: numbers and choices.
internal import CLinuxShims
public import CSentry

@implementation @c public func sentry_options_set_sample_rate(_ opts: OpaquePointer?, _ value: Double) {
  box(opts)?.sampleRate = OptionsBox.clamped(value, orElse: 1)
}

@implementation @c public func sentry_options_get_sample_rate(_ opts: OpaquePointer?) -> Double {
  box(opts)?.sampleRate ?? 0
}

@implementation @c public func sentry_options_set_traces_sample_rate(_ opts: OpaquePointer?, _ value: Double) {
  box(opts)?.tracesSampleRate = OptionsBox.clamped(value, orElse: 0)
}

@implementation @c public func sentry_options_get_traces_sample_rate(_ opts: OpaquePointer?) -> Double {
  box(opts)?.tracesSampleRate ?? 0
}

@implementation @c public func sentry_options_set_logger_level(_ opts: OpaquePointer?, _ value: sentry_level_t) {
  box(opts)?.loggerLevel = value
}

@implementation @c public func sentry_options_set_max_breadcrumbs(_ opts: OpaquePointer?, _ value: Int) {
  box(opts)?.maxBreadcrumbs = value
}

@implementation @c public func sentry_options_get_max_breadcrumbs(_ opts: OpaquePointer?) -> Int {
  box(opts)?.maxBreadcrumbs ?? 0
}

@implementation @c public func sentry_options_set_cache_keep(_ opts: OpaquePointer?, _ value: Int32) {
  box(opts)?.cacheKeep = value < 0 ? 1 : min(value, 2)
}

@implementation @c public func sentry_options_get_cache_keep(_ opts: OpaquePointer?) -> Int32 {
  box(opts)?.cacheKeep ?? 0
}

@implementation @c public func sentry_options_set_cache_max_items(_ opts: OpaquePointer?, _ value: Int) {
  box(opts)?.cacheMaxItems = value
}

@implementation @c public func sentry_options_set_cache_max_size(_ opts: OpaquePointer?, _ value: Int) {
  box(opts)?.cacheMaxSize = value
}

@implementation @c public func sentry_options_set_cache_max_age(_ opts: OpaquePointer?, _ value: Int) {
  box(opts)?.cacheMaxAge = value
}

@implementation @c public func sentry_options_set_shutdown_timeout(_ opts: OpaquePointer?, _ value: UInt64) {
  box(opts)?.shutdownTimeout = value
}

@implementation @c public func sentry_options_get_shutdown_timeout(_ opts: OpaquePointer?) -> UInt64 {
  box(opts)?.shutdownTimeout ?? 0
}

@implementation @c public func sentry_options_set_transfer_timeout(_ opts: OpaquePointer?, _ value: UInt64) {
  box(opts)?.transferTimeout = value
}

@implementation @c public func sentry_options_get_transfer_timeout(_ opts: OpaquePointer?) -> UInt64 {
  box(opts)?.transferTimeout ?? 0
}

@implementation @c public func sentry_options_set_max_spans(_ opts: OpaquePointer?, _ value: Int) {
  box(opts)?.maxSpans = value
}

@implementation @c public func sentry_options_get_max_spans(_ opts: OpaquePointer?) -> Int {
  box(opts)?.maxSpans ?? 0
}

@implementation @c public func sentry_options_set_app_hang_timeout(_ opts: OpaquePointer?, _ value: UInt64) {
  box(opts)?.appHangTimeout = value
}

@implementation @c public func sentry_options_get_app_hang_timeout(_ opts: OpaquePointer?) -> UInt64 {
  box(opts)?.appHangTimeout ?? 0
}

@implementation @c public func sentry_options_set_handler_strategy(
  _ opts: OpaquePointer?, _ value: sentry_handler_strategy_t
) {
  box(opts)?.handlerStrategy = value
}

@implementation @c public func sentry_options_get_handler_strategy(_ opts: OpaquePointer?) -> sentry_handler_strategy_t
{
  box(opts)?.handlerStrategy ?? SENTRY_HANDLER_STRATEGY_DEFAULT
}

@implementation @c public func sentry_options_set_minidump_mode(_ opts: OpaquePointer?, _ value: sentry_minidump_mode_t)
{
  box(opts)?.minidumpMode = value.rawValue > 2 ? SENTRY_MINIDUMP_MODE_FULL : value
}

@implementation @c public func sentry_options_set_crash_reporting_mode(
  _ opts: OpaquePointer?, _ value: sentry_crash_reporting_mode_t
) {
  box(opts)?.crashReportingMode = value.rawValue > 2 ? SENTRY_CRASH_REPORTING_MODE_NATIVE_WITH_MINIDUMP : value
}

@implementation @c public func sentry_options_get_crash_reporting_mode(_ opts: OpaquePointer?)
  -> sentry_crash_reporting_mode_t
{
  box(opts)?.crashReportingMode ?? SENTRY_CRASH_REPORTING_MODE_MINIDUMP
}

@implementation @c public func sentry_options_set_crash_upload_mode(
  _ opts: OpaquePointer?, _ value: sentry_crash_upload_mode_t
) {
  box(opts)?.crashUploadMode = value.rawValue > 1 ? SENTRY_CRASH_UPLOAD_MODE_ASYNC : value
}

@implementation @c public func sentry_options_get_crash_upload_mode(_ opts: OpaquePointer?)
  -> sentry_crash_upload_mode_t
{
  box(opts)?.crashUploadMode ?? SENTRY_CRASH_UPLOAD_MODE_SYNC
}
