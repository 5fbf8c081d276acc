// Provides the functions of options: texts.
internal import CLinuxShims
internal import CSentry

@implementation @c
public func sentry_options_set_dsn(_ opts: OpaquePointer?, _ dsn: UnsafePointer<CChar>?) {
  box(opts)?.dsn = CText.copy(dsn)
}

@implementation @c
public func sentry_options_set_dsn_n(_ opts: OpaquePointer?, _ dsn: UnsafePointer<CChar>?, _ dsn_len: Int) {
  box(opts)?.dsn = CText.copy(dsn, dsn_len)
}

@implementation @c public func sentry_options_get_dsn(_ opts: OpaquePointer?) -> UnsafePointer<CChar>? {
  box(opts)?.dsn?.borrowed
}

@implementation @c
public func sentry_options_set_release(_ opts: OpaquePointer?, _ release: UnsafePointer<CChar>?) {
  box(opts)?.release = CText.copy(release)
}

@implementation @c
public func sentry_options_set_release_n(_ opts: OpaquePointer?, _ release: UnsafePointer<CChar>?, _ release_len: Int) {
  box(opts)?.release = CText.copy(release, release_len)
}

@implementation @c public func sentry_options_get_release(_ opts: OpaquePointer?) -> UnsafePointer<CChar>? {
  box(opts)?.release?.borrowed
}

@implementation @c
public func sentry_options_set_environment(_ opts: OpaquePointer?, _ environment: UnsafePointer<CChar>?) {
  box(opts)?.environment = CText.copy(environment)
}

@implementation @c
public func sentry_options_set_environment_n(
  _ opts: OpaquePointer?, _ environment: UnsafePointer<CChar>?, _ environment_len: Int
) {
  box(opts)?.environment = CText.copy(environment, environment_len)
}

@implementation @c public func sentry_options_get_environment(_ opts: OpaquePointer?) -> UnsafePointer<CChar>? {
  box(opts)?.environment?.borrowed
}

@implementation @c
public func sentry_options_set_dist(_ opts: OpaquePointer?, _ dist: UnsafePointer<CChar>?) {
  box(opts)?.dist = CText.copy(dist)
}

@implementation @c
public func sentry_options_set_dist_n(_ opts: OpaquePointer?, _ dist: UnsafePointer<CChar>?, _ dist_len: Int) {
  box(opts)?.dist = CText.copy(dist, dist_len)
}

@implementation @c public func sentry_options_get_dist(_ opts: OpaquePointer?) -> UnsafePointer<CChar>? {
  box(opts)?.dist?.borrowed
}

@implementation @c
public func sentry_options_set_proxy(_ opts: OpaquePointer?, _ proxy: UnsafePointer<CChar>?) {
  box(opts)?.proxy = CText.copy(proxy)
}

@implementation @c
public func sentry_options_set_proxy_n(_ opts: OpaquePointer?, _ proxy: UnsafePointer<CChar>?, _ proxy_len: Int) {
  box(opts)?.proxy = CText.copy(proxy, proxy_len)
}

@implementation @c public func sentry_options_get_proxy(_ opts: OpaquePointer?) -> UnsafePointer<CChar>? {
  box(opts)?.proxy?.borrowed
}

@implementation @c
public func sentry_options_set_http_proxy(_ opts: OpaquePointer?, _ http_proxy: UnsafePointer<CChar>?) {
  box(opts)?.proxy = CText.copy(http_proxy)
}

@implementation @c
public func sentry_options_set_http_proxy_n(
  _ opts: OpaquePointer?, _ http_proxy: UnsafePointer<CChar>?, _ http_proxy_len: Int
) {
  box(opts)?.proxy = CText.copy(http_proxy, http_proxy_len)
}

@implementation @c public func sentry_options_get_http_proxy(_ opts: OpaquePointer?) -> UnsafePointer<CChar>? {
  box(opts)?.proxy?.borrowed
}

@implementation @c
public func sentry_options_set_ca_certs(_ opts: OpaquePointer?, _ ca_certs: UnsafePointer<CChar>?) {
  box(opts)?.caCertificates = CText.copy(ca_certs)
}

@implementation @c
public func sentry_options_set_ca_certs_n(
  _ opts: OpaquePointer?, _ ca_certs: UnsafePointer<CChar>?, _ ca_certs_len: Int
) {
  box(opts)?.caCertificates = CText.copy(ca_certs, ca_certs_len)
}

@implementation @c public func sentry_options_get_ca_certs(_ opts: OpaquePointer?) -> UnsafePointer<CChar>? {
  box(opts)?.caCertificates?.borrowed
}

@implementation @c
public func sentry_options_set_transport_thread_name(
  _ opts: OpaquePointer?, _ transport_thread_name: UnsafePointer<CChar>?
) {
  box(opts)?.transportThreadName = CText.copy(transport_thread_name)
}

@implementation @c
public func sentry_options_set_transport_thread_name_n(
  _ opts: OpaquePointer?, _ transport_thread_name: UnsafePointer<CChar>?, _ transport_thread_name_len: Int
) {
  box(opts)?.transportThreadName = CText.copy(transport_thread_name, transport_thread_name_len)
}

@implementation @c public func sentry_options_get_transport_thread_name(_ opts: OpaquePointer?) -> UnsafePointer<CChar>?
{
  box(opts)?.transportThreadName?.borrowed
}

@implementation @c
public func sentry_options_set_handler_path(_ opts: OpaquePointer?, _ handler_path: UnsafePointer<CChar>?) {
  box(opts)?.handlerPath = CText.copy(handler_path)
}

@implementation @c
public func sentry_options_set_handler_path_n(
  _ opts: OpaquePointer?, _ handler_path: UnsafePointer<CChar>?, _ handler_path_len: Int
) {
  box(opts)?.handlerPath = CText.copy(handler_path, handler_path_len)
}

@implementation @c
public func sentry_options_set_external_crash_reporter_path(
  _ opts: OpaquePointer?, _ external_crash_reporter_path: UnsafePointer<CChar>?
) {
  box(opts)?.externalCrashReporterPath = CText.copy(external_crash_reporter_path)
}

@implementation @c
public func sentry_options_set_external_crash_reporter_path_n(
  _ opts: OpaquePointer?, _ external_crash_reporter_path: UnsafePointer<CChar>?, _ external_crash_reporter_path_len: Int
) {
  box(opts)?.externalCrashReporterPath = CText.copy(external_crash_reporter_path, external_crash_reporter_path_len)
}

@implementation @c
public func sentry_options_set_database_path(_ opts: OpaquePointer?, _ database_path: UnsafePointer<CChar>?) {
  box(opts)?.databasePath = CText.copy(database_path)
}

@implementation @c
public func sentry_options_set_database_path_n(
  _ opts: OpaquePointer?, _ database_path: UnsafePointer<CChar>?, _ database_path_len: Int
) {
  box(opts)?.databasePath = CText.copy(database_path, database_path_len)
}

@implementation @c
public func sentry_options_set_org_id(_ opts: OpaquePointer?, _ org_id: UnsafePointer<CChar>?) {
  box(opts)?.organizationID = CText.copy(org_id)
}

@implementation @c
public func sentry_options_set_org_id_n(_ opts: OpaquePointer?, _ org_id: UnsafePointer<CChar>?, _ org_id_len: Int) {
  box(opts)?.organizationID = CText.copy(org_id, org_id_len)
}

@implementation @c
public func sentry_options_set_sdk_name(_ opts: OpaquePointer?, _ sdk_name: UnsafePointer<CChar>?) -> Int32 {
  sentry_options_set_sdk_name_n(opts, sdk_name, length(sdk_name))
}

@implementation @c
public func sentry_options_set_sdk_name_n(
  _ opts: OpaquePointer?, _ sdk_name: UnsafePointer<CChar>?, _ sdk_name_len: Int
) -> Int32 {
  guard let options = box(opts), let name = CText.copy(sdk_name, sdk_name_len) else { return 1 }
  options.sdkName = name
  options.userAgent = CText.copy("\(name.string)/\(SENTRY_SDK_VERSION)")
  return 0
}

@implementation @c public func sentry_options_get_sdk_name(_ opts: OpaquePointer?) -> UnsafePointer<CChar>? {
  box(opts)?.sdkName?.borrowed
}

@implementation @c public func sentry_options_get_user_agent(_ opts: OpaquePointer?) -> UnsafePointer<CChar>? {
  box(opts)?.userAgent?.borrowed
}
