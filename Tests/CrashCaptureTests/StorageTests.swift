import CLinuxShims
import CrashClient
import CrashVictimRunner
import Testing

/// What another file of this module sees.
internal let recordSeenFromAnotherFile = UInt(bitPattern: crash_record_shared())
internal let pathSeenFromAnotherFile = UInt(bitPattern: crash_path())

@Suite(.timeLimit(.minutes(10))) struct `The storage of the crash path` {
  @Test func `is one for two files`() {
    #expect(AddressesOfThisFile.record == recordSeenFromAnotherFile)
    #expect(AddressesOfThisFile.path == pathSeenFromAnotherFile)
  }

  // The client writes it, the capture module reads it, the victim's own module looks at it.
  @Test func `is one for the modules that write, read and look at it`() throws {
    let victim = try Victim.run(["dump-timeout=5000", "start", "storage", "die=segv"])
    #expect(victim.output.contains("storage socket=true enabled=true timeout=5000"))
    #expect(victim.dumps.count == 1)
  }
}
