// Provides the tests of upload passes in processes of their own.
import CLinuxShims
import LinuxSystem
import SentryNativeTesting
import Testing

@testable import HandlerCore

@Suite("A running upload pass")
struct RunningPassTests {
  @Test("ends with its process, also when somebody else keeps the writing end of its pipe")
  func endsWithItsProcess() throws {
    // The reading end is held by the pass; a process that waits for it keeps a copy of the writing end all the while.
    let gate = try Pipe.open()
    let held = OwnedFileDescriptor(owning: gate.writing)
    let waiting = OwnedFileDescriptor(owning: gate.reading)
    let (heldNumber, waitingNumber) = (held.rawValue, waiting.rawValue)
    let record: [UInt8] = [1, 2, 3]
    var byte: UInt8 = 0
    // What the child calls has been called before: it may find the locks of other tests' threads taken.
    let warm = try RunningPass { note in
      note(record)
      return 7
    }
    _ = warm.end()
    let pass = try RunningPass { note in
      note(record)
      if linux_fork() == 0 {
        _ = close(heldNumber)
        _ = read(waitingNumber, &byte, 1)
        linux_exit_now(0)
      }
      return 7
    }
    let (records, termination) = pass.end()
    #expect(records == [1, 2, 3])
    #expect(termination == .exited(status: 7))
    _ = consume held
  }
}
