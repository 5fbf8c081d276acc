// Provides captures: how an event becomes an envelope.
internal import CrashDatabase
public import LinuxSystem
public import SentryEnvelope
public import StructuredValue

extension SentryClient {
  /// Sends an event.
  ///
  /// In this order: the session learns of an error; the local scope and then the global one fill what the event does not
  /// say; `beforeSend` may change it or keep it back; the dice of `sampleRate`; attachments; the running session.
  ///
  /// - Parameters:
  ///   - scope: a local scope, which counts before the global one.
  ///   - hint: attachments of this event alone.
  /// - Returns: the event's identifier; `SentryID.empty` when it is not sent.
  @discardableResult
  public func capture(_ event: StructuredObject, scope: Scope? = nil, hint: Hint = Hint()) -> SentryID {
    sessions.noteError(level: event["level"]?.string, hasException: event["exception"] != nil)
    let global = currentScope
    var complete = completed(event, scope, global)
    if let hook = options.hooks.beforeSend {
      guard let kept = hook(complete, hint) else {
        reports.record(.beforeSend, .error)
        return .empty
      }
      complete = kept
    }
    if !isSampled(options.sampleRate) {
      reports.record(.sampleRate, .error)
      return .empty
    }
    let id = identified(&complete)
    var envelope = Envelope(headers: headers(for: complete, id, scope, global))
    envelope.items = [EnvelopeItem(type: "event", payload: StructuredValue.object(complete).json)]
    append(hint.attachments + (scope?.attachments ?? []) + global.attachments, to: &envelope)
    attachSession(to: &envelope)
    submit(envelope)
    return id
  }

  /// Sends a finished transaction. Called by the tracing room.
  ///
  /// - Parameter trace: the `trace` header of the envelope; `nil`: made of the scope.
  @discardableResult
  public func capture(
    transaction: StructuredObject, trace: StructuredObject? = nil, scope: Scope? = nil
  ) -> SentryID {
    let global = currentScope
    var complete = completed(transaction, scope, global)
    // The transaction, and the spans in it, are counted each by themselves.
    let spans = (complete["spans"]?.array?.count ?? 0) + 1
    if let hook = options.hooks.beforeTransaction {
      guard let kept = hook(complete) else {
        reports.record(.beforeSend, .transaction)
        reports.record(.beforeSend, .span, quantity: spans)
        return .empty
      }
      complete = kept
    }
    if !isSampled(options.sampleRate) {
      reports.record(.sampleRate, .transaction)
      reports.record(.sampleRate, .span, quantity: spans)
      return .empty
    }
    let id = identified(&complete)
    var headers = headers(for: complete, id, scope, global)
    if let trace { headers["trace"] = .object(trace) }
    headers["sent_at"] = .string(Timestamp.now().iso8601)
    var envelope = Envelope(headers: headers)
    envelope.items = [EnvelopeItem(type: "transaction", payload: StructuredValue.object(complete).json)]
    attachSession(to: &envelope)
    submit(envelope)
    return id
  }

  /// Sends what a user has to say.
  ///
  /// - Parameter feedback: `message`, and what is known of `contact_email`, `name` and `associated_event_id`.
  @discardableResult
  public func capture(feedback: StructuredObject, scope: Scope? = nil, hint: Hint = Hint()) -> SentryID {
    let global = currentScope
    var event = StructuredObject()
    event["level"] = "info"
    event["contexts"] = ["feedback": .object(feedback)]
    var complete = completed(event, scope, global)
    if let hook = options.hooks.beforeSendFeedback {
      guard let kept = hook(complete, hint) else {
        reports.record(.beforeSend, .feedback)
        return .empty
      }
      complete = kept
    }
    let id = identified(&complete)
    var envelope = Envelope(headers: headers(for: complete, id, scope, global))
    envelope.items = [EnvelopeItem(type: "feedback", payload: StructuredValue.object(complete).json)]
    append(hint.attachments, to: &envelope)
    submit(envelope)
    return id
  }

  /// Sends a dump that something else has made, with an event of level fatal.
  ///
  /// - Returns: the event's identifier; `SentryID.empty` when the file cannot be read or the event is not sent.
  @discardableResult
  public func capture(minidump path: FilePath, scope: Scope? = nil) -> SentryID {
    guard FileSystem.isRegularFile(path) else {
      log.write(.warning, "there is no minidump \(path)")
      reports.record(.internalError, .error)
      return .empty
    }
    var event = StructuredObject()
    event["level"] = "fatal"
    var hint = Hint()
    hint.attachments = [
      Attachment(path: path, attachmentType: "event.minidump", contentType: "application/x-dmp")
    ]
    return capture(event, scope: scope, hint: hint)
  }

  /// Sends an envelope as it is, with a `dsn` if it names none.
  @discardableResult
  public func capture(envelope: Envelope) -> SentryID {
    var envelope = envelope
    if envelope.headers["dsn"] == nil, let dsn = options.dsn { envelope.headers["dsn"] = .string(dsn.text) }
    submit(envelope)
    return envelope.eventID ?? .empty
  }

  /// Hands an envelope to the transport. Without the user's consent the transport keeps it or drops it.
  internal func submit(_ envelope: Envelope) {
    if let id = envelope.eventID { lock.withLock { storedLastEventID = id } }
    guard let transport else { return }
    transport.submit(envelope)
  }

  /// Adds the running session, if there is one.
  internal func attachSession(to envelope: inout Envelope) {
    if let item = sessions.item() { envelope.items.append(item) }
  }

  /// The identifier of the last event that was handed to the transport; `SentryID.empty` before.
  public var lastEventID: SentryID { lock.withLock { storedLastEventID } }

  // MARK: - Parts

  /// The event with everything that the scopes and the client know, its usual members first.
  private func completed(_ event: StructuredObject, _ scope: Scope?, _ global: Scope) -> StructuredObject {
    var complete = StructuredObject()
    complete["event_id"] = event["event_id"] ?? .string(SentryID.random().dashed)
    complete["timestamp"] = event["timestamp"] ?? .string(Timestamp.now().iso8601)
    complete["platform"] = event["platform"] ?? "native"
    if let level = event["level"] { complete["level"] = level }
    complete.addMissing(from: event)
    scope?.apply(to: &complete)
    global.apply(to: &complete)
    if complete["level"] == nil { complete["level"] = "error" }
    if complete["exception"] != nil || complete["threads"] != nil { completeStacks(of: &complete) }
    fillOwn(&complete, scope: scope, global: global)
    return complete
  }

  /// A hook may have taken the identifier away.
  private func identified(_ event: inout StructuredObject) -> SentryID {
    if let id = event["event_id"]?.string.flatMap({ SentryID($0) }) { return id }
    let id = SentryID.random()
    event["event_id"] = .string(id.dashed)
    return id
  }

  private func headers(
    for event: StructuredObject, _ id: SentryID, _ scope: Scope?, _ global: Scope
  ) -> StructuredObject {
    var headers = StructuredObject()
    if let dsn = options.dsn { headers["dsn"] = .string(dsn.text) }
    headers["event_id"] = .string(id.dashed)
    if let trace = traceHeader(for: event, scope: scope, global: global) { headers["trace"] = .object(trace) }
    return headers
  }

  /// Bytes of one file that an envelope takes without resumable uploads.
  private static let attachmentLimit = 100 << 20

  private func append(_ attachments: [Attachment], to envelope: inout Envelope) {
    for attachment in attachments {
      if let item = large(attachment, envelope.eventID) {
        envelope.items.append(item)
        continue
      }
      let bytes: [UInt8]
      switch attachment.content {
      case .bytes(let content): bytes = content
      case .file(let path):
        do throws(Errno) {
          bytes = try FileSystem.readTarget(of: path, limit: Self.attachmentLimit)
        } catch {
          log.write(.warning, "the attachment \(path) cannot be read: \(error)")
          if error != .noSuchFile { reports.record(.internalError, .attachment) }
          continue
        }
      }
      if bytes.isEmpty { continue }
      envelope.items.append(
        .attachment(
          bytes, filename: attachment.filename, contentType: attachment.contentType,
          attachmentType: attachment.attachmentType))
    }
  }

  /// A reference to a file that is too large for an envelope, which was put aside; `nil` for others, and where large
  /// attachments are not sent.
  private func large(_ attachment: Attachment, _ eventID: SentryID?) -> EnvelopeItem? {
    guard options.largeAttachments, transport != nil, let database, let eventID, let path = attachment.path,
      let status = try? FileSystem.status(path), status.kind == .regular, status.size >= LargeAttachment.threshold
    else { return nil }
    return LargeAttachment.item(
      path: path, filename: attachment.filename, contentType: attachment.contentType,
      attachmentType: attachment.attachmentType, database: database.path, eventID: eventID)
  }

  private func isSampled(_ rate: Double) -> Bool {
    if rate >= 1 { return true }
    return rate > 0 && PropagationContext().sampleRand < rate
  }
}

extension SentryID {
  /// A new one.
  internal static func random() -> SentryID { SentryID(bytes: UniqueID.random().bytes) ?? .empty }
}
