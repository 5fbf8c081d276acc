// Provides the scope: what is known about the program when something happens.
public import LinuxSystem
public import SentryEnvelope
public import StructuredValue

/// What every event is told about the program: tags, user, contexts, breadcrumbs and so on.
///
/// A value. Names are those of Sentry's Cocoa SDK.
public struct Scope: Sendable {
  public internal(set) var user: User?
  public internal(set) var level: SentryLevel?
  public internal(set) var fingerprint: [String]?
  public internal(set) var transactionName: String?
  public internal(set) var dist: String?
  public internal(set) var environment: String?
  public internal(set) var release: String?
  public internal(set) var tags = StructuredObject()
  public internal(set) var extra = StructuredObject()
  public internal(set) var contexts = StructuredObject()
  /// Files that go with each crash.
  public internal(set) var attachments: [FilePath] = []
  /// Oldest first.
  public internal(set) var breadcrumbs: [Breadcrumb] = []

  internal let maxBreadcrumbs: Int
  /// How many breadcrumbs were added since they were last cleared; those that are gone count too.
  internal var breadcrumbsAdded = 0
  /// How often they were cleared.
  internal var breadcrumbsCleared = 0

  /// - Parameter maxBreadcrumbs: when there are more the oldest goes.
  public init(maxBreadcrumbs: Int = 100) { self.maxBreadcrumbs = max(0, maxBreadcrumbs) }

  public mutating func setTag(value: String, key: String) { tags[key] = .string(value) }
  public mutating func removeTag(key: String) { tags[key] = nil }
  public mutating func setTags(_ tags: [String: String]) {
    for (key, value) in tags.sorted(by: { $0.key < $1.key }) { setTag(value: value, key: key) }
  }

  /// Sets a value that is shown with the event but not searched by.
  public mutating func setExtra(value: StructuredValue, key: String) { extra[key] = value }
  public mutating func removeExtra(key: String) { extra[key] = nil }

  /// Sets a named object; `os`, `device`, `app`, `runtime` and `trace` are known to servers.
  public mutating func setContext(value: StructuredObject, key: String) { contexts[key] = .object(value) }
  public mutating func removeContext(key: String) { contexts[key] = nil }

  /// `nil` leaves only the installation's identifier.
  public mutating func setUser(_ user: User?) { self.user = user }
  public mutating func setLevel(_ level: SentryLevel?) { self.level = level }
  /// How events are grouped into issues; `nil` lets the server decide.
  public mutating func setFingerprint(_ fingerprint: [String]?) { self.fingerprint = fingerprint }
  public mutating func setTransactionName(_ name: String?) { transactionName = name }
  public mutating func setDist(_ dist: String?) { self.dist = dist }
  public mutating func setEnvironment(_ environment: String?) { self.environment = environment }
  public mutating func setRelease(_ release: String?) { self.release = release }

  /// Adds a file that is read when the program crashes. Adding it twice is no error.
  public mutating func addAttachment(_ path: FilePath) {
    if !attachments.contains(path) { attachments.append(path) }
  }
  public mutating func addAttachment(path: String) { addAttachment(FilePath(path)) }
  public mutating func removeAttachment(path: String) { removeAttachment(FilePath(path)) }
  public mutating func removeAttachment(_ path: FilePath) { attachments.removeAll { $0 == path } }

  /// Adds a breadcrumb, now unless it says when.
  public mutating func addBreadcrumb(_ breadcrumb: Breadcrumb) {
    if maxBreadcrumbs == 0 { return }
    var stamped = breadcrumb
    if stamped.timestamp == nil {
      let now = Timestamp.now()
      stamped.timestamp = EventTime(seconds: now.seconds, nanoseconds: now.nanoseconds)
    }
    if breadcrumbs.count >= maxBreadcrumbs { breadcrumbs.removeFirst(breadcrumbs.count - maxBreadcrumbs + 1) }
    breadcrumbs.append(stamped)
    breadcrumbsAdded += 1
  }

  /// Removes everything but release, distribution and environment.
  public mutating func clear() {
    var empty = Scope(maxBreadcrumbs: maxBreadcrumbs)
    empty.release = release
    empty.dist = dist
    empty.environment = environment
    empty.breadcrumbsCleared = breadcrumbsCleared + 1
    self = empty
  }
  public mutating func clearBreadcrumbs() {
    breadcrumbs = []
    breadcrumbsAdded = 0
    breadcrumbsCleared += 1
  }

  /// Fills what the event does not say itself.
  public func apply(to event: inout SentryEvent, withBreadcrumbs: Bool = true) {
    event.level = event.level ?? level
    event.release = event.release ?? release
    event.dist = event.dist ?? dist
    event.environment = event.environment ?? environment
    event.user = event.user ?? user
    event.fingerprint = event.fingerprint ?? fingerprint
    event.transaction = event.transaction ?? transactionName
    event.tags.addMissing(from: tags)
    event.extra.addMissing(from: extra)
    event.contexts.addMissing(from: contexts)
    if withBreadcrumbs && event.breadcrumbs.isEmpty { event.breadcrumbs = breadcrumbs }
  }

  /// Does to this scope what turned `before` into `after`, so that a closure can work on a copy without a lock, and
  /// what others changed meanwhile stays.
  internal mutating func applyChange(from before: Scope, to after: Scope) {
    if before.user != after.user { user = after.user }
    if before.level != after.level { level = after.level }
    if before.fingerprint != after.fingerprint { fingerprint = after.fingerprint }
    if before.transactionName != after.transactionName { transactionName = after.transactionName }
    if before.dist != after.dist { dist = after.dist }
    if before.environment != after.environment { environment = after.environment }
    if before.release != after.release { release = after.release }
    tags.applyChange(from: before.tags, to: after.tags)
    extra.applyChange(from: before.extra, to: after.extra)
    contexts.applyChange(from: before.contexts, to: after.contexts)
    for path in before.attachments where !after.attachments.contains(path) { removeAttachment(path) }
    for path in after.attachments where !before.attachments.contains(path) { addAttachment(path) }
    if before.breadcrumbsCleared != after.breadcrumbsCleared { clearBreadcrumbs() }
    let known = before.breadcrumbsCleared == after.breadcrumbsCleared ? before.breadcrumbsAdded : 0
    let added = min(after.breadcrumbsAdded - known, after.breadcrumbs.count)
    for breadcrumb in after.breadcrumbs.suffix(added) { addBreadcrumb(breadcrumb) }
  }
}

extension StructuredObject {
  fileprivate mutating func applyChange(from before: StructuredObject, to after: StructuredObject) {
    for member in before.members where after[member.key] == nil { self[member.key] = nil }
    for member in after.members where before[member.key] != member.value { self[member.key] = member.value }
  }
}
