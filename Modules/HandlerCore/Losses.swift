// Provides the books of reports that are lost.
internal import CrashDatabase
internal import LinuxSystem
internal import Uploader

/// Counts reports that no server will get, so that one can be told: docs/sdk-transport.md, "Client reports".
enum Losses {
  enum Reason {
    case cacheOverflow, networkError, sendError
    /// More crashes of one cause than the flood limit lets through.
    case backpressure

    var word: String {
      switch self {
      case .cacheOverflow: "cache_overflow"
      case .networkError: "network_error"
      case .sendError: "send_error"
      case .backpressure: "backpressure"
      }
    }
  }

  /// Counts one report as an event.
  static func note(_ id: UniqueID, _ reason: Reason, in database: CrashDatabase, _ log: HandlerLog) {
    do throws(Errno) {
      try DiscardFile(database: database.path).add([
        Discard(reason: reason.word, category: RateLimitCategory.error.rawValue, quantity: 1)
      ])
    } catch {
      log.warning("the loss of report \(id) cannot be counted: \(error)")
    }
  }
}
