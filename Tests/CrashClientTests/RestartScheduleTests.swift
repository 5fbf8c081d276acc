import CrashClient
import LinuxSystem
import Testing

@Suite struct `The schedule of restarts` {
  private func at(_ milliseconds: Int64) -> MonotonicInstant { MonotonicInstant(nanoseconds: milliseconds * 1_000_000) }

  @Test func `starts another handler at once, then later and later, and gives up`() {
    var schedule = RestartSchedule(started: at(0))
    var now = at(1)
    for delay in RestartSchedule.delays {
      let due = schedule.ended(now: now)
      #expect(due == now.advanced(milliseconds: delay))
      now = due ?? now
      schedule.succeeded(now: now)
    }
    #expect(schedule.ended(now: now) == nil)
  }

  @Test func `begins anew after a handler that lived long`() {
    var schedule = RestartSchedule(started: at(0))
    var now = at(1)
    for _ in RestartSchedule.delays {
      now = schedule.ended(now: now) ?? now
      schedule.succeeded(now: now)
    }
    now = now.advanced(milliseconds: RestartSchedule.quiet)
    #expect(schedule.ended(now: now) == now)
  }
}
