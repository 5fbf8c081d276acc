// Provides one attempt at one envelope.
internal import LinuxSystem
internal import SentryEnvelope
internal import StructuredValue
internal import Uploader

/// Sends envelopes, one at a time, and obeys what the server says about when. Used by the worker's thread only.
internal final class EnvelopeSender {
  /// What came of an attempt.
  enum Outcome {
    case sent
    /// Everything in it is limited now; nothing was sent.
    case limited
    /// The server wants nothing now: 429. It has counted that.
    case refusedForNow
    /// An answer that will not change.
    case refused(String)
    /// No answer.
    case unreachable(String)
    /// An answer that may be another one later: 5xx, 3xx, 408.
    case failed(String)
    /// It cannot be made into a request.
    case broken(String)
    /// There is nothing to send with.
    case unable(String)
    /// The transport is about to stop.
    case cancelled
  }

  struct Delivery {
    var outcome: Outcome
    /// What was sent, or would have been.
    var envelope: OutgoingEnvelope
  }

  private let context: TransportContext
  private let client: any HTTPTransport
  private var limits = RateLimits()
  private let limitFile: RateLimitFile?

  init(_ context: TransportContext, client: any HTTPTransport) {
    self.context = context
    self.client = client
    limitFile = context.databasePath.map {
      RateLimitFile(database: $0, key: context.dsn?.publicKey ?? "")
    }
    limitFile?.load(into: &limits, now: .now(), wallClock: .now())
  }

  /// When something of this category may be sent again; `nil`: now.
  func limit(_ category: DataCategory) -> MonotonicInstant? {
    limits.limit(RateLimitCategory(rawValue: category.rawValue), now: .now())
  }

  /// - Parameter isRetry: an envelope of which a part is limited now waits instead of losing it.
  func send(_ envelope: OutgoingEnvelope, isRetry: Bool = false) -> Delivery {
    guard let dsn = context.dsn else { return Delivery(outcome: .broken("there is no DSN"), envelope: envelope) }
    var delivery = Delivery(outcome: .sent, envelope: envelope)
    guard var content = envelope.content else {
      delivery.outcome = send(envelope.bytes, dsn)
      return delivery
    }
    let taken = content.takeLimited { limit($0) != nil }
    if !taken.isEmpty && isRetry { return Delivery(outcome: .limited, envelope: envelope) }
    context.reports.record(.rateLimited, lost: taken)
    remove(filesOf: taken)
    var isChanged = !taken.isEmpty
    switch upload(&content, dsn) {
    case .unchanged: break
    case .changed: isChanged = true
    case .failed(let text): return Delivery(outcome: .failed(text), envelope: .envelope(content))
    }
    if !content.hasContent {
      // A report of losses without anything else: it is told with the next envelope.
      context.reports.record(.rateLimited, lost: content.items)
      return Delivery(outcome: .limited, envelope: .envelope(Envelope()))
    }
    if isChanged { delivery.envelope = .envelope(content) }

    var report = DiscardedEvents()
    var bytes = delivery.envelope.bytes
    // Bytes of an earlier run stay as they are.
    if case .envelope = delivery.envelope, context.sendsClientReports {
      report = context.reports.takePending()
      if !report.isEmpty {
        content.items.append(report.item(at: .now()))
        bytes = content.bytes
      }
    }
    delivery.outcome = send(bytes, dsn)
    if case .sent = delivery.outcome {
      remove(filesOf: content.items)
    } else if !report.isEmpty {
      context.reports.restore(report)
    }
    return delivery
  }

  /// Tells the server what was lost, if there is anything to tell, in an envelope of its own.
  func sendReport() -> Outcome {
    guard let dsn = context.dsn, context.sendsClientReports else { return .sent }
    let report = context.reports.takePending()
    if report.isEmpty { return .sent }
    let outcome = send(Self.reportEnvelope(report, dsn).bytes, dsn)
    if case .sent = outcome { return .sent }
    context.reports.restore(report)
    return outcome
  }

  static func reportEnvelope(_ report: DiscardedEvents, _ dsn: DSN) -> Envelope {
    var headers = StructuredObject()
    headers["dsn"] = .string(dsn.text)
    return Envelope(headers: headers, items: [report.item(at: .now())])
  }

  private func send(_ bytes: [UInt8], _ dsn: DSN) -> Outcome {
    let upload = EnvelopeUpload(
      url: dsn.envelopeURL, authentication: dsn.authenticationHeader(userAgent: context.userAgent),
      envelope: .bytes(bytes))
    let response: HTTPResponse
    do throws(UploaderError) {
      response = try client.send(upload.makeRequest())
    } catch {
      switch error.code {
      case .libraryMissing: return .unable(error.description)
      case .cancelled: return .cancelled
      case .noConnection, .timedOut: return .unreachable(error.description)
      default: return .broken(error.description)
      }
    }
    learn(response)
    let text = "the server answered \(response.status)"
    switch response.status {
    case 200...299: return .sent
    case 429: return .refusedForNow
    case 408, 425, 300...399, 500...: return .failed(text)
    case 413: return .refused("\(text): \(bytes.count) bytes are too many for it")
    default: return .refused(text)
    }
  }

  private func learn(_ response: HTTPResponse) {
    guard limits.update(response, now: .now(), wallClock: .now()) else { return }
    do throws(Errno) {
      try limitFile?.store(limits, now: .now(), wallClock: .now())
    } catch {
      context.log.write(.warning, "the server's limits cannot be kept for the next run: \(error)")
    }
  }

  // MARK: - Large attachments

  private enum Upload {
    case unchanged, changed
    case failed(String)
  }

  private func upload(_ envelope: inout Envelope, _ dsn: DSN) -> Upload {
    guard let folder = context.databasePath?.appending("cache") else { return .unchanged }
    var result = Upload.unchanged
    var kept: [EnvelopeItem] = []
    for (index, item) in envelope.items.enumerated() {
      guard let reference = LargeAttachment.Reference(item), reference.location == nil, let name = reference.name else {
        kept.append(item)
        continue
      }
      let upload = LargeAttachmentUpload(dsn: dsn, userAgent: context.userAgent)
      switch upload.send(
        folder.appending(name), attachmentType: item.headers["attachment_type"]?.string, by: client)
      {
      case .done(let location):
        var item = item
        item.payload = reference.payload(location: location)
        kept.append(item)
        result = .changed
      case .failed(let text) where context.retries:
        // The whole envelope waits for it; what was uploaded needs not be uploaded again.
        envelope.items = kept + envelope.items[index...]
        return .failed("a large attachment: \(text)")
      case .failed(let text), .refused(let text):
        context.log.write(.error, "a large attachment is lost: \(text)")
        context.reports.record(.sendError, lost: [item])
        remove(filesOf: [item])
        result = .changed
      }
    }
    envelope.items = kept
    return result
  }

  /// Files of attachments that are of no use any more.
  func remove(filesOf items: [EnvelopeItem]) {
    guard let folder = context.databasePath?.appending("cache") else { return }
    for file in LargeAttachment.files(items, in: folder) { try? FileSystem.remove(file) }
  }
}

extension EventTime {
  /// The wall clock.
  internal static func now() -> EventTime {
    let now = Timestamp.now()
    return EventTime(seconds: now.seconds, nanoseconds: now.nanoseconds)
  }
}
