// Provides what an attempt at a report came to.

/// The result of one attempt.
public enum UploadOutcome: Sendable {
  /// The server took it. The bytes of its answer are the report's id there, as they are.
  case delivered(serverID: [UInt8])
  /// The server wants nothing now (429). That is no failure of the report.
  case rateLimited
  /// Nothing could be tried: no libcurl. That is no failure of the report either.
  case unable(UploaderError)
  /// The transfer was ended by this process, which is about to stop.
  case cancelled
  /// An answer that is neither success nor 429.
  case refused(status: Int)
  /// No answer, or a file that could not be read.
  case failed(UploaderError)

  /// From an answer.
  public init(_ response: HTTPResponse) {
    if response.isSuccess {
      self = .delivered(serverID: response.body)
    } else if response.status == 429 {
      self = .rateLimited
    } else {
      self = .refused(status: response.status)
    }
  }

  /// From the lack of one.
  public init(_ error: UploaderError) {
    switch error.code {
    case .libraryMissing: self = .unable(error)
    case .cancelled: self = .cancelled
    default: self = .failed(error)
    }
  }
}

extension HTTPTransport {
  /// Sends a report once. The second value is the answer, for `RateLimits` and the log; `nil` without one.
  // Inlined, since a call from another module on `any HTTPTransport` ends in a trap in Embedded Swift otherwise.
  @inline(__always)
  public func attempt(_ upload: MinidumpUpload) -> (UploadOutcome, HTTPResponse?) {
    UploadOutcome.attempt(upload, by: self)
  }
}

extension UploadOutcome {
  /// The same as `HTTPTransport.attempt`.
  public static func attempt(
    _ upload: MinidumpUpload, by transport: any HTTPTransport
  ) -> (UploadOutcome, HTTPResponse?) {
    do throws(UploaderError) {
      let response = try transport.send(upload.makeRequest())
      return (UploadOutcome(response), response)
    } catch {
      return (UploadOutcome(error), nil)
    }
  }
}
