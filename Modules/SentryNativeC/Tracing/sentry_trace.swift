// Provides the trace of the global scope.
internal import CLinuxShims
internal import CSentry
internal import SentryClient

@implementation @c
public func sentry_set_trace(_ trace_id: UnsafePointer<CChar>?, _ parent_span_id: UnsafePointer<CChar>?) {
  sentry_set_trace_n(trace_id, length(trace_id), parent_span_id, length(parent_span_id))
}

@implementation @c
public func sentry_set_trace_n(
  _ trace_id: UnsafePointer<CChar>?, _ trace_id_len: Int, _ parent_span_id: UnsafePointer<CChar>?,
  _ parent_span_id_len: Int
) {
  guard let trace = String(c: trace_id, trace_id_len) else { return }
  let parent = String(c: parent_span_id, parent_span_id_len)
  WhichScope.global.change {
    $0.propagationContext = PropagationContext(continuing: trace, parentSpanID: parent)
  }
}

@implementation @c public func sentry_regenerate_trace() {
  WhichScope.global.change { $0.propagationContext = .regenerated() }
}
