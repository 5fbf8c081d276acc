// Provides the scope of a task.
public import SentryClient
public import SentryEnvelope
public import StructuredValue
import LinuxSystem

/// What events of a task and its children are told, on top of the global scope. See `SentrySDK.withScope`.
///
/// Any thread or task may use it.
public final class TaskScope: @unchecked Sendable {
  // @unchecked: `stored` is only used under `access`.
  private let access = Lock()
  private var stored: Scope

  /// The scope of the running task; `nil` outside of `SentrySDK.withScope`.
  @TaskLocal public static var current: TaskScope?

  internal init(_ scope: Scope) { stored = scope }

  /// A copy of what it says now.
  public var scope: Scope { access.withLock { stored } }

  /// Changes it. `body` must not use this scope in another way.
  public func configure(_ body: (inout Scope) -> Void) { access.withLock { body(&stored) } }

  /// Sets a text that issues can be searched by.
  public func setTag(value: String, key: String) { configure { $0.setTag(value: value, key: key) } }
  /// Takes a tag of this scope away; that of the global scope counts then.
  public func removeTag(key: String) { configure { $0.removeTag(key: key) } }
  /// Sets a value that is shown with issues.
  public func setExtra(value: StructuredValue, key: String) { configure { $0.setExtra(value: value, key: key) } }
  /// Sets a named object that is shown with issues.
  public func setContext(value: StructuredObject, key: String) { configure { $0.setContext(value: value, key: key) } }
  /// Sets a value that logs and metrics carry.
  public func setAttribute(value: StructuredValue, key: String) {
    configure { $0.setAttribute(value: value, key: key) }
  }
  /// Says who uses the program; `nil`: what the global scope says.
  public func setUser(_ user: User?) { configure { $0.setUser(user) } }
  /// The level of events that have none of their own; `nil`: that of the global scope.
  public func setLevel(_ level: SentryLevel?) { configure { $0.setLevel(level) } }
  /// How events are grouped into issues; `nil`: what the global scope says.
  public func setFingerprint(_ fingerprint: [String]?) { configure { $0.setFingerprint(fingerprint) } }
  /// What the program is at; `nil`: what the global scope says.
  public func setTransactionName(_ name: String?) { configure { $0.setTransactionName(name) } }
  /// Goes with events of this scope only; the global scope does not see it.
  public func addBreadcrumb(_ breadcrumb: Breadcrumb) { configure { $0.addBreadcrumb(breadcrumb) } }
  /// Goes with events of this scope, and with no crash.
  public func addAttachment(_ attachment: Attachment) { configure { $0.addAttachment(attachment) } }
  /// Events, logs and transactions of the task belong to this trace, unless they belong to a span.
  public func setTrace(traceID: String, parentSpanID: String? = nil) {
    configure { $0.propagationContext = PropagationContext(continuing: traceID, parentSpanID: parentSpanID) }
  }
  /// Binds events of the task to a span; `nil`: to that of the global scope.
  public func setSpan(_ span: Span?) { configure { $0.span = span } }
}

extension SentrySDK {
  /// Runs `operation` with a scope of its own, on top of the global one: for the task and its child tasks.
  ///
  /// ```swift
  /// try await SentrySDK.withScope { scope in
  ///   scope.setTag(value: request.id, key: "request")
  ///   try await handle(request)
  /// }
  /// ```
  ///
  /// It begins as a copy of the scope around it. A crash reports the global scope only.
  public static func withScope<Result>(
    isolation: isolated (any Actor)? = #isolation, _ operation: (TaskScope) async throws -> Result
  ) async rethrows -> Result {
    let scope = TaskScope(TaskScope.current?.scope ?? Scope())
    return try await TaskScope.$current.withValue(
      scope, operation: { try await operation(scope) }, isolation: isolation)
  }

  /// Like the other `withScope`, for code that does not wait.
  public static func withScope<Result>(_ operation: (TaskScope) throws -> Result) rethrows -> Result {
    let scope = TaskScope(TaskScope.current?.scope ?? Scope())
    return try TaskScope.$current.withValue(scope) { try operation(scope) }
  }
}
