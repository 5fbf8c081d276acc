// Provides reports that only their writer may touch.
public import LinuxSystem

/// A pending report that nobody else takes, until it is released or its process is gone: then it is one as any other.
///
/// Not thread safe.
public final class ReportHold {
  /// The report.
  public let id: UniqueID
  private var lock: ReportLock?

  internal init(_ id: UniqueID) { self.id = id }

  internal func keep(_ lock: consuming ReportLock?) { self.lock = lock }

  /// Lets others have it. A second call does nothing.
  public func release() { lock = nil }
}
