// Provides the time as events have it.
internal import CLinuxShims
internal import CSentry
internal import SentryEnvelope

extension sentry_value_t {
  /// The time now as a text.
  internal static var now: sentry_value_t {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    let now = EventTime(seconds: Int64(time.tv_sec), nanoseconds: Int32(truncatingIfNeeded: time.tv_nsec))
    return sentry_value_t(text: now.description)
  }
}
