// Provides what all functions of the interface share: the client that runs, or the scope until there is one.
internal import CLinuxShims
internal import CSentry
internal import LinuxSystem
internal import SentryClient
internal import SentryEnvelope
internal import StructuredValue

/// The state of the library. Made when it is first needed, which may be before the program's own initialisers run.
internal final class Library: @unchecked Sendable {
  // @unchecked: everything is changed under `lock`.
  static let shared = Library()

  private let lock = Lock()
  private var runningClient: SentryClient? {
    didSet { borrowedClient = runningClient.map { Unmanaged.passUnretained($0) } }
  }
  /// The same, for what is called so often that a reference of its own would cost as much as a lock. Under `lock` only.
  private var borrowedClient: Unmanaged<SentryClient>?
  private var runningOptions: OptionsBox?
  /// What is set while no client runs; it becomes the scope of the next one.
  private var idle = Scope()
  /// Of the global scope, with the pointers that the application has.
  private var attachments: [AttachmentBox] = []
  /// The transaction of the global scope, or that of its span.
  private var boundTransaction: Transaction?
  private var hangMonitor: HangMonitor?
  private var moduleCache: sentry_value_t?
  private var debugMetaCache: StructuredValue?
  /// 1 or 0 as the last start has found it; -1 before.
  private var storedCrashedLastRun: Int32 = -1

  /// Held during a start and an end, by the thread in the second one.
  private let lifecycle = Lock()
  private let lifecycleThread: UnsafeMutablePointer<UInt32>

  private init() {
    lifecycleThread = .allocate(capacity: 1)
    lifecycleThread.initialize(to: 0)
    // Before any client's: whoever holds it may wait for one of those.
    lock.holdDuringForks()
  }

  /// `nil` unless the SDK runs.
  @inline(__always) var client: SentryClient? { lock.withLock { runningClient } }
  var options: OptionsBox? { lock.withLock { runningOptions } }
  var crashedLastRun: Int32 { lock.withLock { storedCrashedLastRun } }

  // ---- Start and end -------------------------------------------------------------------------------------------------

  /// One start or end after the other, from whatever threads. A hook that is called by one may do another.
  func alone<Result>(_ body: () -> Result) -> Result {
    let thread = UInt32(bitPattern: linux_gettid())
    if crash_load32(lifecycleThread) == thread { return body() }
    return lifecycle.withLock {
      crash_store32(lifecycleThread, thread)
      defer { crash_store32(lifecycleThread, 0) }
      return body()
    }
  }

  /// Makes a client the one that runs, with what was set before.
  func run(_ client: SentryClient, _ options: OptionsBox) {
    let (before, boxes) = lock.withLock {
      runningClient = client
      runningOptions = options
      if options.tracksAppHangs { hangMonitor = HangMonitor(client, milliseconds: options.appHangTimeout) }
      storedCrashedLastRun = client.crashedLastRun ? 1 : 0
      attachments = options.attachments + attachments
      return (idle, attachments)
    }
    lock.withLock { hangMonitor }?.start()
    client.configureScope { scope in
      scope.take(before)
      scope.clearAttachments()
      for box in boxes { scope.addAttachment(box.attachment) }
    }
  }

  /// Takes the client away. The scope begins anew.
  func stop() -> (client: SentryClient, options: OptionsBox)? {
    let monitor = lock.withLock {
      let monitor = hangMonitor
      hangMonitor = nil
      return monitor
    }
    // It may be making an event, for which it needs the lock.
    monitor?.end()
    return lock.withLock {
      guard let client = runningClient, let options = runningOptions else { return nil }
      runningClient = nil
      runningOptions = nil
      idle = Scope()
      attachments = []
      boundTransaction = nil
      return (client, options)
    }
  }

  // ---- The global scope ----------------------------------------------------------------------------------------------

  @inline(__always) func changeScope(_ body: (inout Scope) -> Void) {
    if let client { return client.configureScope(body) }
    lock.withLock { body(&idle) }
  }

  /// Sets a tag of the global scope.
  @inline(__always) func setTag(value: String, key: String) {
    lock.lock()
    guard let client = borrowedClient else {
      idle.setTag(value: value, key: key)
      return lock.unlock()
    }
    let hasNotes = client._withUnsafeGuaranteedRef { $0.storeTag(value: value, key: key) }
    lock.unlock()
    // The application's logger is called without a lock.
    if hasNotes { self.client?.logNotes() }
  }

  /// The global scope as it is now.
  var scope: Scope { client?.currentScope ?? lock.withLock { idle } }

  /// Changes the attachments of the global scope, here and in the engine.
  @discardableResult
  func changeAttachments<Result>(_ body: (inout [AttachmentBox]) -> Result) -> Result {
    let (result, boxes, client) = lock.withLock {
      let result = body(&attachments)
      return (result, attachments, runningClient)
    }
    client?.configureScope { scope in
      let wanted = boxes.map { $0.attachment }
      if scope.attachments == wanted { return }
      scope.clearAttachments()
      for attachment in wanted { scope.addAttachment(attachment) }
    }
    return result
  }

  func bind(_ span: Span?, _ transaction: Transaction?) {
    lock.withLock { boundTransaction = transaction }
    changeScope { $0.span = span }
  }

  /// Nothing belongs to a transaction any more that has ended.
  func unbind(_ transaction: Transaction) {
    lock.withLock { if boundTransaction === transaction { boundTransaction = nil } }
    changeScope { if $0.span === transaction { $0.span = nil } }
  }

  var transaction: Transaction? { lock.withLock { boundTransaction } }

  var monitor: HangMonitor? { lock.withLock { hangMonitor } }

  // ---- The list of modules -------------------------------------------------------------------------------------------

  /// The list with one more reference; made by `make` when there is none.
  func modules(_ make: () -> sentry_value_t) -> sentry_value_t {
    if let known = lock.withLock({ moduleCache.map { sentry_value_incref($0) } }) { return known }
    let new = make()
    lock.withLock {
      moduleCache?.release()
      moduleCache = sentry_value_incref(new)
    }
    return new
  }

  /// The modules as events have them.
  var debugMeta: StructuredValue {
    if let known = lock.withLock({ debugMetaCache }) { return known }
    let list = sentry_get_modules_list()
    let meta: StructuredValue = ["images": list.taken()]
    lock.withLock { debugMetaCache = meta }
    return meta
  }

  func forgetModules() {
    lock.withLock {
      debugMetaCache = nil
      moduleCache?.release()
      moduleCache = nil
    }
    client?.refreshImages()
  }
}

extension Scope {
  /// Takes over what was set on another scope.
  fileprivate mutating func take(_ other: Scope) {
    for member in other.tags.members { if let text = member.value.string { setTag(value: text, key: member.key) } }
    for member in other.extra.members { setExtra(value: member.value, key: member.key) }
    for member in other.contexts.members {
      if let object = member.value.object { setContext(value: object, key: member.key) }
    }
    for member in other.attributes.members { setAttribute(object: member.value, key: member.key) }
    if let user = other.userObject { setUser(object: user) } else if !other.fillsUser { removeUser() }
    if let level = other.level { setLevel(level) }
    if let fingerprint = other.fingerprint { setFingerprint(fingerprint) }
    if let name = other.transactionName { setTransactionName(name) }
    if let span = other.span { self.span = span }
    takeTrace(of: other)
    for breadcrumb in other.breadcrumbObjects { addBreadcrumb(object: breadcrumb) }
  }
}
