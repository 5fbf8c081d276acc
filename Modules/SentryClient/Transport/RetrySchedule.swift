// Provides when an envelope that could not be sent is tried again.

/// After 15, 30, 60, 120, 240 and 480 minutes; the sixth failure of a file gives it up. A value without clock and files.
internal struct RetrySchedule: Sendable, Equatable {
  /// Milliseconds before the second attempt; doubled each time, five times at most.
  static let firstDelay: Int64 = 15 * 60 * 1000
  /// Milliseconds between two looks at the folder.
  static let interval: Int64 = 15 * 60 * 1000
  /// Milliseconds from the start to the first look.
  static let firstLook: Int64 = 100
  /// Attempts of one file.
  static let attempts = 6
  /// Failures of the server, in one pass, after which the rest waits for the next.
  static let failuresOfPass = 2

  /// Milliseconds since 1970 from which on a file is tried. Any value, out of a file's name.
  static func due(_ attempt: CachedFileName.Attempt) -> Int64 {
    attempt.time &+ firstDelay << Int64(min(max(attempt.count, 0), 5))
  }

  /// What becomes of the name after another failure at `now`, in milliseconds since 1970; `nil`: it is given up.
  static func next(_ attempt: CachedFileName.Attempt, now: Int64) -> CachedFileName.Attempt? {
    let count = min(max(attempt.count, 0), attempts) + 1
    return count < attempts ? CachedFileName.Attempt(time: now, count: count) : nil
  }
}
