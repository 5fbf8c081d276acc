// Provides the decision what a handler does next.
public import LinuxSystem

/// Decides what a handler does next: upload, prune, wait, end. A value without clock or I/O.
///
/// Uploads run in passes, one at a time, each in a process of its own. A report that comes in during a pass is not
/// lost: another pass follows. When the last client has gone the handler ends after the work that is known.
public struct HandlerSchedule: Sendable {
  public struct Pass: Sendable, Equatable {
    /// Reports of this handler that have not been tried yet.
    public let known: [UniqueID]
    /// Whether every pending report of the database is tried as well.
    public let scansDatabase: Bool

    public init(known: [UniqueID], scansDatabase: Bool) {
      self.known = known
      self.scansDatabase = scansDatabase
    }
  }

  public enum Action: Sendable, Equatable {
    case startPass(Pass)
    case prune
    /// Wait for a client, the end of the pass or this instant; `nil`: no instant.
    case wait(until: MonotonicInstant?)
    case end
  }

  /// Milliseconds between two scans of the database.
  public static let scanInterval: Int64 = 15 * 60 * 1000
  /// Milliseconds from the start to the first pruning, and from one pruning to the next.
  public static let firstPrune: Int64 = 10 * 60 * 1000
  public static let pruneInterval: Int64 = 24 * 60 * 60 * 1000

  private let uploads: Bool
  private let periodic: Bool
  private var known: [UniqueID] = []
  private var scanDue: MonotonicInstant?
  private var pruneDue: MonotonicInstant?
  private var passRunning = false
  private var clientsGone = false

  /// - Parameters:
  ///   - uploads: whether there is a server to upload to.
  ///   - periodic: whether old reports are looked for and pruned.
  public init(uploads: Bool, periodic: Bool, now: MonotonicInstant) {
    self.uploads = uploads
    self.periodic = periodic
    if uploads && periodic { scanDue = now }
    if periodic { pruneDue = now.advanced(milliseconds: Self.firstPrune) }
  }

  /// A report has become pending.
  public mutating func reportStored(_ id: UniqueID) { if uploads { known.append(id) } }

  /// A client asked for a fresh pass over what is pending.
  public mutating func retryRequested(now: MonotonicInstant) { if uploads { scanDue = now } }

  /// - Parameter nextScan: when waiting reports are due, if that is before the next regular scan.
  public mutating func passEnded(nextScan: MonotonicInstant? = nil) {
    passRunning = false
    if periodic, let due = scanDue, let nextScan, nextScan < due { scanDue = nextScan }
  }

  /// Nobody holds the other end of the socket any more.
  public mutating func lastClientGone() { clientsGone = true }

  public mutating func next(now: MonotonicInstant) -> Action {
    if !passRunning {
      let scans = scanDue.map { $0 <= now } ?? false
      // After the last client only what is known is tried: the rest is the next handler's.
      if !known.isEmpty || (scans && !clientsGone) {
        let pass = Pass(known: known, scansDatabase: scans && !clientsGone)
        known = []
        if scans { scanDue = periodic ? now.advanced(milliseconds: Self.scanInterval) : nil }
        passRunning = true
        return .startPass(pass)
      }
      if clientsGone { return .end }
    }
    if clientsGone { return .wait(until: nil) }
    if let due = pruneDue, due <= now {
      pruneDue = now.advanced(milliseconds: Self.pruneInterval)
      return .prune
    }
    let scan = passRunning ? nil : scanDue
    guard let first = scan, let second = pruneDue else { return .wait(until: scan ?? pruneDue) }
    return .wait(until: min(first, second))
  }
}
