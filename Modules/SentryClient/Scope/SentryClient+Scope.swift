// Provides changes of the scope, and their way into what a crash reports.
internal import CrashClient
internal import LinuxSystem
public import SentryEnvelope
public import StructuredValue

extension SentryClient {
  /// The scope as it is now.
  public var currentScope: Scope { lock.withLock { scope } }

  /// Changes the scope.
  ///
  /// `body` works on a copy, and may call the client itself. What it changed is then taken over, beside what other
  /// threads changed meanwhile. `setTag` and the like are much cheaper for a single change.
  public func configureScope(_ body: (inout Scope) -> Void) {
    let before = lock.withLock { scope }
    var after = before
    body(&after)
    let change = locked {
      let old = scope
      scope.applyChange(from: before, to: after)
      storeCrashEvent()
      if old.trail.removals != scope.trail.removals { crashScope.removeBreadcrumbs() }
      let known = old.trail.removals == scope.trail.removals ? old.trail.added : 0
      if scope.trail.added > known {
        for breadcrumb in scope.trail.breadcrumbs.suffix(scope.trail.added - known) { storeForCrash(breadcrumb) }
      }
      return (old, scope)
    }
    if change.0.attachments != change.1.attachments { tellHandler(of: change.0.attachments, change.1.attachments) }
    scopeChanged(from: change.0, to: change.1)
  }

  // MARK: - Single changes

  /// Sets a text that issues can be searched by. Makes no system call.
  public func setTag(value: String, key: String) { if storeTag(value: value, key: key) { logNotes() } }

  /// What `setTag` does, without a call of the application's logger.
  ///
  /// - Returns: whether `logNotes` has something to tell.
  public func storeTag(value: String, key: String) -> Bool {
    // Without a closure, which would hold a reference of its own to everything in it: each costs as much as the lock.
    lock.lock()
    leaveParent()
    let slot = EncodedTags.slot(key)
    var index = crashScope.guess(slot)
    if !scope.tags.set(.string(value), for: key, at: index) { index = scope.tags.set(.string(value), for: key) }
    if !crashScope.setTag(key, slot, value, at: index) { noteTooLarge() }
    let hasNotes = unlogged != nil
    lock.unlock()
    return hasNotes
  }

  /// Takes a tag away; nothing when there is none of that name. Makes no system call.
  public func removeTag(key: String) { change { $0.tags[key] = nil } }

  /// Sets a value that is shown with issues.
  public func setExtra(value: StructuredValue, key: String) { change { $0.extra[key] = value } }
  /// Takes an extra value away; nothing when there is none of that name.
  public func removeExtra(key: String) { change { $0.extra[key] = nil } }

  /// Sets a named object that is shown with issues.
  public func setContext(value: StructuredObject, key: String) { change { $0.contexts[key] = .object(value) } }
  /// Takes a named object away, but none that the client fills itself.
  public func removeContext(key: String) { change { $0.contexts[key] = nil } }

  /// Says who uses the program; `nil` leaves only the installation's identifier. Makes no system call.
  public func setUser(_ user: StructuredObject?) {
    let isChanged = locked {
      leaveParent()
      if scope.userObject == user { return false }
      scope.userObject = user
      storeCrashEvent()
      return true
    }
    if isChanged { sessions.setDistinctID(distinctID(user)) }
  }

  /// Sets a value that logs and metrics carry.
  public func setAttribute(value: StructuredValue, key: String, unit: String? = nil) {
    lock.withLock { scope.setAttribute(value: value, key: key, unit: unit) }
  }
  /// Takes an attribute away; nothing when there is none of that name.
  public func removeAttribute(key: String) { lock.withLock { scope.removeAttribute(key: key) } }

  /// A change of what a crash's event says, without a copy of the scope.
  private func change(_ body: (inout Scope) -> Void) {
    locked {
      leaveParent()
      body(&scope)
      storeCrashEvent()
    }
  }

  /// Adds a breadcrumb, now unless it says when. Makes no system call.
  public func addBreadcrumb(_ breadcrumb: Breadcrumb) {
    if options.maxBreadcrumbs == 0 { return }
    if let object = breadcrumb.value.object { addBreadcrumb(object: object) }
  }

  /// Adds a breadcrumb with fields that nobody knows, now unless it says when.
  public func addBreadcrumb(object: StructuredObject) {
    if options.maxBreadcrumbs == 0 { return }
    var breadcrumb = Scope.stamped(object)
    if let hook = options.hooks.beforeBreadcrumb {
      guard let kept = hook(breadcrumb) else { return }
      breadcrumb = kept
    }
    let bytes = StructuredValue.object(breadcrumb).messagePack
    locked {
      leaveParent()
      scope.trail.append(breadcrumb)
      if !crashScope.append(breadcrumb: bytes) { noteTooLarge() }
    }
  }

  private func storeForCrash(_ breadcrumb: StructuredObject) {
    if !crashScope.append(breadcrumb: StructuredValue.object(breadcrumb).messagePack) { noteTooLarge() }
  }

  private func noteTooLarge() {
    noteLocked(
      .storage, "the scope is larger than \(CrashScope.limit) bytes: a crash is reported with what it was before")
  }

  // MARK: - The event of a crash

  /// Fills what the client itself knows of an event.
  internal func fillOwn(_ event: inout StructuredObject, scope: Scope?, global: Scope) {
    var contexts = event["contexts"]?.object ?? StructuredObject()
    contexts.addMissing(from: systemContexts)
    if contexts["trace"] == nil { contexts["trace"] = .object(traceContext(scope: scope, global: global)) }
    event["contexts"] = .object(contexts)
    if event["sdk"] == nil {
      event["sdk"] = .object(SDKInformation.value(options, isInProcess: inProcessImages != nil))
    }
    if event["user"]?.object == nil && !global.fillsUser { return }
    var user = event["user"]?.object ?? StructuredObject()
    if user["id"] == nil { user["id"] = .string(installationID.description) }
    event["user"] = .object(user)
  }

  /// The event of a crash as far as it is known now: everything but breadcrumbs, which have files of their own, and
  /// the time, which the dump knows.
  internal var crashEvent: StructuredObject {
    var event = StructuredObject()
    event["event_id"] = .string(storedCrashEventID.dashed)
    event["platform"] = "native"
    event["level"] = "fatal"
    scope.apply(to: &event, withBreadcrumbs: false)
    fillOwn(&event, scope: nil, global: scope)
    // The next run has other modules in other places.
    if let inProcessImages { event["debug_meta"] = ["images": inProcessImages] }
    return event
  }

  /// Makes the event what a crash reports from now on. Under `lock`, which `locked` has taken.
  internal func storeCrashEvent() {
    leaveParent()
    if !crashScope.store(crashEvent) { noteTooLarge() }
  }

  private func tellHandler(of before: [Attachment], _ after: [Attachment]) {
    guard let crashClient = lock.withLock({ crashClient }) else { return }
    var (old, new) = (before.compactMap { crashPath($0) }, after.compactMap { crashPath($0) })
    if capturesInProcess {
      if let path = runPath?.appending(RunFiles.attachments) { old.append(path) }
      if let path = describeAttachments(after) {
        new.append(path)
        // It may be the first that there is.
        old.removeAll { $0 == path }
      }
    }
    do throws(CrashClientError) {
      for path in old where !new.contains(path) { try crashClient.removeAttachment(path) }
      for path in new where !old.contains(path) { try crashClient.addAttachment(path) }
    } catch {
      locked { noteLocked(.handler, "the handler could not be told of an attachment: \(error)") }
    }
  }
}
