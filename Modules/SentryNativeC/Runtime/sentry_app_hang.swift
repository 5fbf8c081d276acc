// Provides the heartbeats of the thread that shall not hang.
internal import CSentry
internal import SentryClient

@implementation @c public func sentry_app_hang_heartbeat() { Library.shared.monitor?.heartbeat() }
@implementation @c public func sentry_app_hang_pause() { Library.shared.monitor?.pause() }
