import HandlerCore
import LinuxSystem
import Testing

@Suite struct `The handler's schedule` {
  private let start = MonotonicInstant(nanoseconds: 1_000_000_000)
  private let id = UniqueID.random()
  private func minutes(_ count: Int64) -> MonotonicInstant { start.advanced(milliseconds: count * 60_000) }

  @Test func `old reports are looked for at once and every 15 minutes`() {
    var schedule = HandlerSchedule(uploads: true, periodic: true, now: start)
    #expect(schedule.next(now: start) == .startPass(.init(known: [], scansDatabase: true)))
    schedule.passEnded()
    #expect(schedule.next(now: start) == .wait(until: minutes(10)))
    #expect(schedule.next(now: minutes(10)) == .prune)
    #expect(schedule.next(now: minutes(10)) == .wait(until: minutes(15)))
    #expect(schedule.next(now: minutes(15)) == .startPass(.init(known: [], scansDatabase: true)))
  }

  @Test func `a report in the hands of another process is tried again after a second, and twice as late each time`() {
    var schedule = HandlerSchedule(uploads: true, periodic: true, now: start)
    func scanned(at instant: MonotonicInstant, isBusy: Bool) -> HandlerSchedule.Action {
      #expect(schedule.next(now: instant) == .startPass(.init(known: [], scansDatabase: true)))
      schedule.passEnded(isBusy: isBusy, now: instant)
      return schedule.next(now: instant)
    }
    var now = start
    for seconds in [1, 2, 4, 8, 16, 32, 64, 128] as [Int64] {
      let next = now.advanced(milliseconds: seconds * 1000)
      #expect(scanned(at: now, isBusy: true) == .wait(until: next))
      now = next
    }
    #expect(scanned(at: now, isBusy: false) == .wait(until: minutes(10)))
    let later = minutes(9)
    schedule.retryRequested(now: later)
    #expect(scanned(at: later, isBusy: true) == .wait(until: later.advanced(milliseconds: 1000)))
  }

  @Test
  func `an eighth of what the database may hold has its size looked at, so has the end of a handler with a report`() {
    var schedule = HandlerSchedule(uploads: false, periodic: true, maximumSize: 800, now: start)
    schedule.databaseGrew(by: 99)
    #expect(schedule.next(now: start) == .wait(until: minutes(10)))
    schedule.databaseGrew(by: 1)
    #expect(schedule.next(now: start) == .shrink)
    #expect(schedule.next(now: start) == .wait(until: minutes(10)))
    schedule.databaseGrew(by: 1)
    schedule.lastClientGone()
    #expect(schedule.next(now: start) == .shrink)
    #expect(schedule.next(now: start) == .end)
  }

  @Test func `nothing is pruned where old reports are somebody else's business`() {
    var schedule = HandlerSchedule(uploads: false, periodic: false, maximumSize: 800, now: start)
    schedule.databaseGrew(by: .max)
    schedule.databaseGrew(by: .max)
    #expect(schedule.next(now: start) == .wait(until: nil))
    schedule.lastClientGone()
    #expect(schedule.next(now: start) == .end)
  }

  @Test func `a report that comes in during a pass gets a pass of its own`() {
    var schedule = HandlerSchedule(uploads: true, periodic: true, now: start)
    _ = schedule.next(now: start)
    schedule.reportStored(id)
    #expect(schedule.next(now: start) == .wait(until: minutes(10)))
    schedule.passEnded()
    #expect(schedule.next(now: start) == .startPass(.init(known: [id], scansDatabase: false)))
  }

  @Test func `the rest of a run that has ended goes with its report, and before the handler ends`() {
    var schedule = HandlerSchedule(uploads: true, periodic: false, now: start)
    let run = EndedRun(time: Timestamp(seconds: 7), isWaiting: false)
    schedule.reportStored(id)
    schedule.runEnded(run)
    schedule.lastClientGone()
    #expect(schedule.next(now: start) == .startPass(.init(known: [id], scansDatabase: false, run: run)))
    schedule.passEnded()
    #expect(schedule.next(now: start) == .end)
  }

  @Test func `the rest of a run is sent without a report too, but not without a server`() {
    let run = EndedRun(time: Timestamp(seconds: 7), isWaiting: true)
    for uploads in [true, false] {
      var schedule = HandlerSchedule(uploads: uploads, periodic: false, now: start)
      schedule.runEnded(run)
      let expected: HandlerSchedule.Action =
        uploads ? .startPass(.init(known: [], scansDatabase: false, run: run)) : .wait(until: nil)
      #expect(schedule.next(now: start) == expected)
    }
  }

  @Test func `after the last client the known reports are uploaded and the handler ends`() {
    var schedule = HandlerSchedule(uploads: true, periodic: false, now: start)
    schedule.reportStored(id)
    schedule.lastClientGone()
    #expect(schedule.next(now: start) == .startPass(.init(known: [id], scansDatabase: false)))
    #expect(schedule.next(now: start) == .wait(until: nil))
    schedule.passEnded()
    #expect(schedule.next(now: start) == .end)
  }

  @Test func `without periodic tasks only a request scans the database`() {
    var schedule = HandlerSchedule(uploads: true, periodic: false, now: start)
    #expect(schedule.next(now: start) == .wait(until: nil))
    schedule.retryRequested(now: start)
    #expect(schedule.next(now: start) == .startPass(.init(known: [], scansDatabase: true)))
    schedule.passEnded()
    #expect(schedule.next(now: minutes(100)) == .wait(until: nil))
  }

  @Test func `without a server nothing is uploaded`() {
    var schedule = HandlerSchedule(uploads: false, periodic: false, now: start)
    schedule.reportStored(id)
    #expect(schedule.next(now: start) == .wait(until: nil))
    schedule.lastClientGone()
    #expect(schedule.next(now: start) == .end)
  }
}
