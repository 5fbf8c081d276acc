// Provides the decision what a handler does next.
public import LinuxSystem

/// Decides what a handler does next: upload, prune, wait, end. A value without clock or I/O.
///
/// Uploads run in passes, one at a time, each in a process of its own. A report that comes in during a pass is not
/// lost: another pass follows. When the last client has gone the handler ends after the work that is known.
public struct HandlerSchedule: Sendable {
  /// What one upload process does.
  public struct Pass: Sendable, Equatable {
    /// Reports of this handler that have not been tried yet.
    public let known: [UniqueID]
    /// Whether every pending report of the database is tried as well.
    public let scansDatabase: Bool
    /// The run whose rest is sent after the reports.
    public let run: EndedRun?

    /// A pass over these reports.
    public init(known: [UniqueID], scansDatabase: Bool, run: EndedRun? = nil) {
      self.known = known
      self.scansDatabase = scansDatabase
      self.run = run
    }
  }

  /// What the handler does next.
  public enum Action: Sendable, Equatable {
    /// Start an upload process; `passEnded` is called when it has ended.
    case startPass(Pass)
    /// Remove old reports from the database.
    case prune
    /// The same if the database has more bytes than it may.
    case shrink
    /// Wait for a client, the end of the pass or this instant; `nil`: no instant.
    case wait(until: MonotonicInstant?)
    /// End: nothing is left to do.
    case end
  }

  /// Milliseconds between two scans of the database.
  public static let scanInterval: Int64 = 15 * 60 * 1000
  /// Milliseconds until a report is tried again that another process had in its hands, at first.
  public static let busyInterval: Int64 = 1000
  /// Milliseconds at most until such a report is tried again.
  public static let longestBusyInterval: Int64 = 5 * 60 * 1000
  /// Milliseconds from the start to the first pruning.
  public static let firstPrune: Int64 = 10 * 60 * 1000
  /// Milliseconds from one pruning to the next.
  public static let pruneInterval: Int64 = 24 * 60 * 60 * 1000

  private let uploads: Bool
  private let periodic: Bool
  private var known: [UniqueID] = []
  private var scanDue: MonotonicInstant?
  private var pruneDue: MonotonicInstant?
  private var passRunning = false
  private var clientsGone = false
  private var endedRun: EndedRun?
  private let sizeBetweenPrunes: Int64
  private var nextBusyInterval = busyInterval
  /// Bytes of reports since the last pruning; `nil` when there was none.
  private var unpruned: Int64?

  /// - Parameters:
  ///   - uploads: whether there is a server to upload to.
  ///   - periodic: whether old reports are looked for and pruned.
  ///   - maximumSize: bytes that the database may hold; 0 for any number.
  public init(uploads: Bool, periodic: Bool, maximumSize: Int64 = 0, now: MonotonicInstant) {
    self.uploads = uploads
    self.periodic = periodic
    sizeBetweenPrunes = maximumSize > 0 ? maximumSize / 8 : .max
    if uploads && periodic { scanDue = now }
    if periodic { pruneDue = now.advanced(milliseconds: Self.firstPrune) }
  }

  /// A report has become pending.
  public mutating func reportStored(_ id: UniqueID) { if uploads { known.append(id) } }

  /// So many bytes more are in the database. A crash loop would fill the disk long before the day is over: an eighth of
  /// what is permitted has the database pruned, and so has the handler's end, since the next crash may have another one.
  public mutating func databaseGrew(by size: Int64) {
    let (sum, overflow) = (unpruned ?? 0).addingReportingOverflow(max(0, size))
    unpruned = overflow ? .max : sum
  }

  /// The process that started the handler has crashed.
  public mutating func runEnded(_ run: EndedRun) { if uploads { endedRun = run } }

  /// A client asked for a fresh pass over what is pending.
  public mutating func retryRequested(now: MonotonicInstant) { if uploads { scanDue = now } }

  /// - Parameters:
  ///   - nextScan: when waiting reports are due, if that is before the next regular scan.
  ///   - isBusy: another process had a report in its hands. A scan follows soon, and twice as late each time.
  public mutating func passEnded(
    nextScan: MonotonicInstant? = nil, isBusy: Bool = false, now: MonotonicInstant = .now()
  ) {
    passRunning = false
    guard periodic, let due = scanDue else { return }
    var next = min(nextScan ?? due, due)
    if isBusy { next = min(next, now.advanced(milliseconds: nextBusyInterval)) }
    nextBusyInterval = isBusy ? min(nextBusyInterval * 2, Self.longestBusyInterval) : Self.busyInterval
    scanDue = next
  }

  /// Nobody holds the other end of the socket any more.
  public mutating func lastClientGone() { clientsGone = true }

  /// What to do now. Repeat when it is done, or when what was waited for has come.
  public mutating func next(now: MonotonicInstant) -> Action {
    if !passRunning {
      let scans = scanDue.map { $0 <= now } ?? false
      // After the last client only what is known is tried: the rest is the next handler's.
      if !known.isEmpty || (scans && !clientsGone) || endedRun != nil {
        let pass = Pass(known: known, scansDatabase: scans && !clientsGone, run: endedRun)
        known = []
        endedRun = nil
        if scans { scanDue = periodic ? now.advanced(milliseconds: Self.scanInterval) : nil }
        passRunning = true
        return .startPass(pass)
      }
      if clientsGone {
        guard periodic, unpruned != nil else { return .end }
        unpruned = nil
        return .shrink
      }
    }
    if periodic, let size = unpruned, size >= sizeBetweenPrunes {
      unpruned = nil
      return .shrink
    }
    if clientsGone { return .wait(until: nil) }
    if let due = pruneDue, due <= now {
      pruneDue = now.advanced(milliseconds: Self.pruneInterval)
      unpruned = nil
      return .prune
    }
    let scan = passRunning ? nil : scanDue
    guard let first = scan, let second = pruneDue else { return .wait(until: scan ?? pruneDue) }
    return .wait(until: min(first, second))
  }
}
