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

  @Test func `a report that comes in during a pass gets a pass of its own`() {
    var schedule = HandlerSchedule(uploads: true, periodic: true, now: start)
    _ = schedule.next(now: start)
    schedule.reportStored(id)
    #expect(schedule.next(now: start) == .wait(until: minutes(10)))
    schedule.passEnded()
    #expect(schedule.next(now: start) == .startPass(.init(known: [id], scansDatabase: false)))
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
