import LinuxSystem
import Testing

@testable import HandlerCore

@Suite struct `Reports that wait for a word of their client` {
  /// A client that asked for one dump after the other, and never decided, cost the handler a descriptor for each.
  @Test func `are one for each process`() {
    var reports = UndecidedReports()
    let (first, second) = (UniqueID.random(), UniqueID.random())
    #expect(!reports.has(1))
    reports.add(first, process: 1, thread: nil, isOwner: false, time: .now())
    reports.add(second, process: 2, thread: nil, isOwner: false, time: .now())
    #expect(reports.has(1) && reports.has(2))
    #expect(reports.take(1)?.id == first)
    #expect(!reports.has(1) && reports.take(1) == nil)
    #expect(reports.overdue(clientsGone: true) == [2])
  }
}
