// Provides the SDK's face for Swift programs.
import CThreadHook
import CrashDatabase
import Dispatch
import LinuxSystem
@_exported public import SentryClient
@_exported public import SentryEnvelope
@_exported public import StructuredValue
// Requests and responses, for `TransportChoice.httpClient`.
@_exported public import Uploader

/// Crash reporting for Swift programs on Linux.
///
/// Call `start` once, early. From then on a crash of the program becomes a report at a Sentry-compatible server, with
/// the tags, the user and the breadcrumbs of that moment. Nothing here throws, traps or ends the program: what does not
/// work is told by `health`, and in the log when `Options.debug` is on.
///
/// All functions may be called from any thread or task. Names are those of Sentry's Cocoa SDK.
public enum SentrySDK {
  internal static let current = CurrentClient()

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
    var (clientOptions, issues) = options.clientOptions
    clientOptions.threadsAreHooked = thread_hook_is_linked() != 0
    current.replace(describeError: options.errorDescription) {
      let client = SentryClient(options: clientOptions, issues: issues)
      return (client, hangMonitor(client, options))
    }
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

  /// Sets a text that issues can be searched by. Makes no system call, so it may be called as often as one likes.
  public static func setTag(value: String, key: String) { current.client?.setTag(value: value, key: key) }
  /// Takes a tag away; nothing when there is none of that name.
  public static func removeTag(key: String) { current.client?.removeTag(key: key) }

  /// Sets a value that is shown with issues.
  public static func setExtra(value: StructuredValue, key: String) {
    current.client?.setExtra(value: value, key: key)
  }
  /// Takes an extra value away.
  public static func removeExtra(key: String) { current.client?.removeExtra(key: key) }

  /// Sets a named object that is shown with issues.
  public static func setContext(value: StructuredObject, key: String) {
    current.client?.setContext(value: value, key: key)
  }
  /// Takes a named object away, but none that the SDK fills itself.
  public static func removeContext(key: String) { current.client?.removeContext(key: key) }

  /// Sets a value that logs and metrics carry.
  public static func setAttribute(value: StructuredValue, key: String, unit: String? = nil) {
    current.client?.setAttribute(value: value, key: key, unit: unit)
  }
  /// Takes an attribute away.
  public static func removeAttribute(key: String) { current.client?.removeAttribute(key: key) }

  /// Says who uses the program; `nil` leaves only an identifier of the installation.
  public static func setUser(_ user: User?) { current.client?.setUser(user?.value.object) }

  /// Adds a breadcrumb: something that happened, and may explain a later crash. Its time is now unless it says when.
  /// Makes no system call.
  public static func addBreadcrumb(_ breadcrumb: Breadcrumb) { current.client?.addBreadcrumb(breadcrumb) }
  /// Forgets all breadcrumbs.
  public static func clearBreadcrumbs() { configureScope { $0.clearBreadcrumbs() } }

  // MARK: Consent

  /// The user agrees to reports being sent, now and in later runs. Matters with `Options.requireUserConsent`.
  public static func giveUserConsent() { current.client?.setUserConsent(.given) }

  /// The user does not agree. Reports wait.
  public static func revokeUserConsent() { current.client?.setUserConsent(.revoked) }

  /// Forgets what the user said.
  public static func resetUserConsent() { current.client?.setUserConsent(.unknown) }

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

  /// Tries now what waits for a later attempt: events and crash reports.
  public static func retry() { current.client?.retry() }

  /// Ends the SDK: crashes are not captured any more, and signal handlers are as they were before `start`.
  public static func close() { current.replace { (nil, nil) } }

  /// Crashes the program, to try the SDK out.
  public static func crash() -> Never { fatalError("SentrySDK.crash() was called") }
}

/// The client in use.
internal final class CurrentClient: @unchecked Sendable {
  // @unchecked: what is stored is only used under `access`.
  private let access = Lock()
  /// Held while one client is closed and another one started: one at a time in a process.
  private let change = Lock()
  // `exclusivity(unchecked)`: every call of the SDK comes by here, and `access` sees to it already.
  @exclusivity(unchecked) private var stored: SentryClient?
  private var storedMonitor: HangMonitor?
  private var storedDescription: (@Sendable (any Error) -> String?)?

  init() { access.holdDuringForks() }

  var client: SentryClient? { access.withLock { stored } }

  /// Watches over hangs; `nil` where that is off.
  var monitor: HangMonitor? { access.withLock { storedMonitor } }

  /// The application's words for an error.
  var describeError: (@Sendable (any Error) -> String?)? { access.withLock { storedDescription } }

  func replace(
    describeError: (@Sendable (any Error) -> String?)? = nil, _ make: () -> (SentryClient?, HangMonitor?)
  ) {
    change.withLock {
      access.withLock { storedMonitor.take() }?.end()
      access.withLock { stored.take() }?.close()
      let (made, monitor) = make()
      access.withLock {
        stored = made
        storedMonitor = monitor
        storedDescription = describeError
      }
    }
  }
}
