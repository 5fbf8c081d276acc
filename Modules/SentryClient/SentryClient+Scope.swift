// Provides changes of the scope, and their way into the files for a crash.
internal import CrashClient
internal import LinuxSystem
public import SentryEnvelope
internal import StructuredValue

extension SentryClient {
  /// The scope as it is now.
  public var currentScope: Scope { lock.withLock { scope } }

  /// Changes the scope.
  ///
  /// `body` works on a copy, and may call the client itself. What it changed is then taken over, beside what other
  /// threads changed meanwhile.
  public func configureScope(_ body: (inout Scope) -> Void) {
    let before = lock.withLock { scope }
    var after = before
    body(&after)
    lock.withLock {
      let attachments = scope.attachments
      let cleared = scope.breadcrumbsCleared
      let added = scope.breadcrumbsAdded
      scope.applyChange(from: before, to: after)
      if processID != ProcessIdentity.processID() { return }
      storeEvent()
      if cleared != scope.breadcrumbsCleared { storing { () throws(Errno) in try files?.removeBreadcrumbs() } }
      let known = cleared == scope.breadcrumbsCleared ? added : 0
      for breadcrumb in scope.breadcrumbs.suffix(scope.breadcrumbsAdded - known) { store(breadcrumb) }
      tellHandler(of: attachments)
    }
  }

  /// Adds a breadcrumb, now unless it says when.
  public func addBreadcrumb(_ breadcrumb: Breadcrumb) {
    lock.withLock {
      let added = scope.breadcrumbsAdded
      scope.addBreadcrumb(breadcrumb)
      if added == scope.breadcrumbsAdded || processID != ProcessIdentity.processID() { return }
      if let stamped = scope.breadcrumbs.last { store(stamped) }
    }
  }

  /// The event of a crash as far as it is known now: everything but breadcrumbs, which have files of their own, and
  /// the time, which the dump knows.
  internal var crashEvent: SentryEvent {
    var event = SentryEvent(eventID: crashEventID, level: .fatal)
    event.sdk = SDKInformation.value
    scope.apply(to: &event, withBreadcrumbs: false)
    event.contexts.addMissing(from: systemContexts)
    var user = event.user ?? User()
    if user.userId == nil { user.userId = installationID.description }
    event.user = user
    return event
  }

  /// Writes the event if it has changed. Under `lock`, or during the start.
  internal func storeEvent() {
    let event = crashEvent.value.messagePack
    if event == storedEvent || files == nil { return }
    storing { () throws(Errno) in
      try files?.store(event)
      storedEvent = event
    }
  }

  private func store(_ breadcrumb: Breadcrumb) {
    storing { () throws(Errno) in try files?.append(breadcrumb) }
  }

  private func storing(_ body: () throws(Errno) -> Void) {
    do throws(Errno) {
      try body()
    } catch {
      note(.storage, "the scope of a crash is not complete, its files cannot be written: \(error)")
    }
  }

  private func tellHandler(of before: [FilePath]) {
    guard let crashClient else { return }
    do throws(CrashClientError) {
      for path in before where !scope.attachments.contains(path) { try crashClient.removeAttachment(path) }
      for path in scope.attachments where !before.contains(path) { try crashClient.addAttachment(path) }
    } catch {
      note(.handler, "the handler could not be told of an attachment: \(error)")
    }
  }
}
