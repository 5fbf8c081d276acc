// Provides what an upload process tells the handler of each attempt.
internal import LinuxSystem
internal import Uploader

/// One attempt at a report. The upload process ends with its memory; what later passes must know of it, when to try
/// again and what the server's limits are, comes back through a pipe in this form.
struct AttemptRecord: Sendable, Equatable {
  enum Kind: UInt8, Sendable { case delivered, rateLimited, unable, refused, failed }

  let report: UniqueID
  let kind: Kind
  let attemptsBefore: Int32
  /// 0 without an answer.
  let status: UInt16
  /// The two headers that limit; empty without.
  let quotas: String
  let retryAfter: String

  init(_ report: UniqueID, _ outcome: UploadOutcome, response: HTTPResponse?, attemptsBefore: Int32) {
    self.report = report
    self.attemptsBefore = attemptsBefore
    kind =
      switch outcome {
      case .delivered: .delivered
      case .rateLimited: .rateLimited
      case .unable, .cancelled: .unable
      case .refused: .refused
      case .failed: .failed
      }
    status = response.map { UInt16(clamping: $0.status) } ?? 0
    quotas = response?.header("x-sentry-rate-limits") ?? ""
    retryAfter = response?.header("retry-after") ?? ""
  }

  /// The answer as far as it matters; `nil` when there was none.
  var response: HTTPResponse? {
    if status == 0 { return nil }
    var headers: [HTTPHeader] = []
    if !quotas.isEmpty { headers.append(HTTPHeader("x-sentry-rate-limits", quotas)) }
    if !retryAfter.isEmpty { headers.append(HTTPHeader("retry-after", retryAfter)) }
    return HTTPResponse(status: Int(status), headers: headers)
  }

  var outcome: UploadOutcome {
    switch kind {
    case .delivered: .delivered(serverID: [])
    case .rateLimited: .rateLimited
    case .unable: .cancelled
    case .refused: .refused(status: Int(status))
    case .failed: .refused(status: 0)
    }
  }

  // MARK: - In the pipe

  /// Longest text of a header; the rest says nothing that matters.
  private static let textLimit = 120
  /// Bytes of the longest record. A pass makes so few that all of them fit a pipe, which holds 65536.
  static let longest = 16 + 1 + 4 + 2 + 2 * (1 + textLimit)

  var encoded: [UInt8] {
    var bytes = report.bytes
    bytes.append(kind.rawValue)
    for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: attemptsBefore >> Int32(shift))) }
    bytes.append(UInt8(truncatingIfNeeded: status))
    bytes.append(UInt8(truncatingIfNeeded: status >> 8))
    for text in [quotas, retryAfter] {
      let kept = Array(text.utf8.prefix(Self.textLimit))
      bytes.append(UInt8(kept.count))
      bytes += kept
    }
    return bytes
  }

  /// The records in `bytes`. A record that a killed process cut short is dropped.
  static func decode(_ bytes: [UInt8]) -> [AttemptRecord] {
    var records: [AttemptRecord] = []
    var rest = bytes[...]
    while let record = AttemptRecord(&rest) { records.append(record) }
    return records
  }

  private init?(_ rest: inout ArraySlice<UInt8>) {
    func take(_ count: Int) -> [UInt8]? {
      guard rest.count >= count else { return nil }
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    func text() -> String? {
      guard let count = take(1), let bytes = take(Int(count[0])) else { return nil }
      return String(decoding: bytes, as: UTF8.self)
    }
    guard let head = take(23), let report = UniqueID(bytes: Array(head[..<16])), let kind = Kind(rawValue: head[16]),
      let quotas = text(), let retryAfter = text()
    else { return nil }
    self.report = report
    self.kind = kind
    var attempts: Int32 = 0
    for (index, byte) in head[17..<21].enumerated() { attempts |= Int32(byte) << Int32(8 * index) }
    attemptsBefore = attempts
    status = UInt16(head[21]) | UInt16(head[22]) << 8
    self.quotas = quotas
    self.retryAfter = retryAfter
  }
}
