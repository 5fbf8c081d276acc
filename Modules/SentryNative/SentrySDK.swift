// Provides the SDK's face for Swift programs.
import CThreadHook
import CrashDatabase
import Dispatch
import LinuxSystem
@_exported public import SentryClient
@_exported public import SentryEnvelope
@_exported public import StructuredValue

/// Crash reporting for Swift programs on Linux.
///
/// Call `start` once, early. From then on a crash of the program becomes a report at a Sentry-compatible server, with
/// the tags, the user and the breadcrumbs of that moment. Nothing here throws, traps or ends the program: what does not
/// work is told by `health`, and in the log when `Options.debug` is on.
///
/// All functions may be called from any thread or task. Names are those of Sentry's Cocoa SDK.
public enum SentrySDK {
  private static let current = CurrentClient()

  /// Starts the SDK.
  ///
  /// A second call closes what the first one started. Takes a few milliseconds: a handler process is started, and
  /// asked whether it works.
  ///
  /// - Parameter configure: sets the options.
  public static func start(_ configure: (inout Options) -> Void = { _ in }) {
    var options = Options()
    configure(&options)
    start(options: options)
  }

  /// Starts the SDK with options that were made before.
  public static func start(options: Options) {
    var (clientOptions, issue) = options.clientOptions
    clientOptions.threadsAreHooked = thread_hook_is_linked() != 0
    current.replace { SentryClient(options: clientOptions, issue: issue) }
  }

  /// Whether `start` was called, and `close` was not called after it.
  public static var isEnabled: Bool { current.client != nil }

  /// Whether the last run of a program on this database crashed. `false` before `start`.
  ///
  /// Only the next start is told so; the one after that is not, unless there is another crash.
  public static var crashedLastRun: Bool { current.client?.crashedLastRun ?? false }

  /// The identifier that a crash of this run will have at the server. `SentryID.empty` before `start`.
  public static var crashEventID: SentryID { current.client?.crashEventID ?? .empty }

  /// Whether crashes are captured, and what does not work if something does not.
  public static var health: ClientHealth { current.client?.health ?? ClientHealth() }

  // MARK: Scope

  /// Changes what events are told about the program.
  ///
  /// The closure works on a copy; what it changes is taken over when it returns. It may call other functions of the
  /// SDK.
  public static func configureScope(_ configure: (inout Scope) -> Void) { current.client?.configureScope(configure) }

  /// Sets a text that issues can be searched by.
  public static func setTag(value: String, key: String) { configureScope { $0.setTag(value: value, key: key) } }

  /// Sets a value that is shown with issues.
  public static func setExtra(value: StructuredValue, key: String) {
    configureScope { $0.setExtra(value: value, key: key) }
  }

  /// Sets a named object that is shown with issues.
  public static func setContext(value: StructuredObject, key: String) {
    configureScope { $0.setContext(value: value, key: key) }
  }

  /// Says who uses the program; `nil` leaves only an identifier of the installation.
  public static func setUser(_ user: User?) { configureScope { $0.setUser(user) } }

  /// Adds a breadcrumb: something that happened, and may explain a later crash. Its time is now unless it says when.
  public static func addBreadcrumb(_ breadcrumb: Breadcrumb) { current.client?.addBreadcrumb(breadcrumb) }

  // MARK: Consent

  /// The user agrees to reports being sent, now and in later runs. Matters with `Options.requireUserConsent`.
  public static func giveUserConsent() { current.client?.setUserConsent(.given) }

  /// The user does not agree. Reports wait.
  public static func revokeUserConsent() { current.client?.setUserConsent(.revoked) }

  // MARK: Delivery and end

  /// Waits until all reports have been sent, at most for `timeout`. Meant for the end of a short-lived program: its
  /// last run's crash may still be on its way.
  ///
  /// - Returns: whether nothing is left to be sent.
  @discardableResult
  public static func flush(timeout: Duration) -> Bool {
    current.client?.flush(milliseconds: timeout.milliseconds) ?? true
  }

  /// Waits like `flush(timeout:)` without blocking a thread of the concurrency runtime.
  @discardableResult
  public static func flush(timeout: Duration) async -> Bool {
    guard let client = current.client else { return true }
    return await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(returning: client.flush(milliseconds: timeout.milliseconds))
      }
    }
  }

  /// Ends the SDK: crashes are not captured any more, and signal handlers are as they were before `start`.
  public static func close() { current.replace { nil } }

  /// Crashes the program, to try the SDK out.
  public static func crash() -> Never { fatalError("SentrySDK.crash() was called") }
}

/// The client in use.
private final class CurrentClient: @unchecked Sendable {
  // @unchecked: `stored` is only used under `access`.
  private let access = Lock()
  /// Held while one client is closed and another one started: one at a time in a process.
  private let change = Lock()
  private var stored: SentryClient?

  var client: SentryClient? { access.withLock { stored } }

  func replace(_ make: () -> SentryClient?) {
    change.withLock {
      access.withLock { stored.take() }?.close()
      let made = make()
      access.withLock { stored = made }
    }
  }
}

extension Duration {
  /// Rounded up; 0 when negative.
  fileprivate var milliseconds: Int64 {
    let (seconds, attoseconds) = components
    if seconds < 0 || attoseconds < 0 { return 0 }
    return min(seconds, 1 << 40) * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
  }
}
