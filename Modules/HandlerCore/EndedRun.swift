// Provides the end of the process that started the handler.
public import CrashDatabase
public import LinuxSystem

/// The process that started the handler has crashed: what its run has left is to be sent.
public struct EndedRun: Sendable, Equatable {
  /// When it crashed.
  public let time: Timestamp
  /// It waits for the handler, and so still holds the lock of its run directory.
  public let isWaiting: Bool
  /// The application did not want the crash to be reported: it ended, and nothing says how.
  public let isDiscarded: Bool

  /// A run whose process has crashed.
  public init(time: Timestamp, isWaiting: Bool, isDiscarded: Bool = false) {
    self.time = time
    self.isWaiting = isWaiting
    self.isDiscarded = isDiscarded
  }
}

/// What a product needs to know to send something that is no report.
public struct HandlerDelivery {
  /// How the handler was started.
  public let options: HandlerOptions
  /// Where the reports are.
  public let database: CrashDatabase
  /// `nil`: no run has ended; there may be losses to tell.
  public let run: EndedRun?
}
