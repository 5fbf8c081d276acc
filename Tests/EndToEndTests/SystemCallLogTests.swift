// Tests how the fault matrix learns a handler's system calls from strace(1).
import Testing
import ZooRuns

@Suite
struct SystemCallLogTests {
  @Test
  func `finds the calls of processes with numbers of any length`() {
    // After the numbers of processes had begun anew, the matrix saw no call at all, and passed.
    let log = """
      31705 close(3) = 0
      31705 read(4,  <unfinished ...>
      812   close(3) = 0
      7     close(5) = 0
      31705 <... read resumed>""..., 8) = 8
      7     close(6) = 0
      7     +++ exited with 0 +++
      """
    #expect(
      SystemCallLog.calls(in: log) == [
        SystemCall(name: "close", occurrence: 1), SystemCall(name: "read", occurrence: 1),
        SystemCall(name: "close", occurrence: 2),
      ])
  }
}
