import LinuxSystem
import Testing

@Suite struct `Values of the system` {
  @Test func `an error number says its name and its text`() {
    #expect(Errno.noSuchFile.description == "ENOENT (No such file or directory)")
    #expect(Errno(rawValue: 9999).description == "errno 9999")
  }

  @Test(arguments: [
    (Int64(0), "1970-01-01T00:00:00.000000Z"), (951_782_400, "2000-02-29T00:00:00.000000Z"),
    (1_795_575_600, "2026-11-25T03:00:00.000000Z"), (-1, "1969-12-31T23:59:59.000000Z"),
  ])
  func `a time stamp has an RFC 3339 form`(seconds: Int64, text: String) {
    #expect(Timestamp(seconds: seconds).iso8601 == text)
  }

  @Test func `a time stamp has microseconds, and a year that has a form, whatever the clock says`() {
    #expect(Timestamp(seconds: 0, nanoseconds: 1_999).iso8601 == "1970-01-01T00:00:00.000001Z")
    #expect(Timestamp(seconds: 0, nanoseconds: 999_999_999).iso8601 == "1970-01-01T00:00:00.999999Z")
    #expect(Timestamp(seconds: 0, nanoseconds: -5).iso8601 == "1970-01-01T00:00:00.000000Z")
    #expect(Timestamp(seconds: .max).iso8601 == "9999-12-31T23:59:59.000000Z")
    #expect(Timestamp(seconds: .min).iso8601 == "0001-01-01T00:00:00.000000Z")
  }

  /// The greatest number of milliseconds, which is how one says "for ever", was a moment in the past.
  @Test func `an instant beyond the end of the clock is the end of the clock`() {
    let now = MonotonicInstant.now()
    #expect(now.advanced(milliseconds: .max) == MonotonicInstant(nanoseconds: .max))
    #expect(now.advanced(milliseconds: 10_000_000_000_000) == MonotonicInstant(nanoseconds: .max))
    #expect(now.advanced(milliseconds: .max).millisecondsFromNow() == .max)
    #expect(now.advanced(milliseconds: .min).millisecondsFromNow() == 0)
    #expect(now.advanced(milliseconds: -1).millisecondsFromNow() == 0)
    #expect((1...60_000).contains(MonotonicInstant.now().advanced(milliseconds: 60_000).millisecondsFromNow()))
  }

  @Test func `a UUID round-trips through its text and its mixed-endian structure`() throws {
    let id = try #require(UniqueID("00112233-4455-6677-8899-aabbccddeeff"))
    #expect(id.description == "00112233-4455-6677-8899-aabbccddeeff")
    #expect(Array(id.mixedEndianBytes.prefix(8)) == [0x33, 0x22, 0x11, 0, 0x55, 0x44, 0x77, 0x66])
    #expect(UniqueID(mixedEndianBytes: id.mixedEndianBytes) == id)
  }

  @Test(arguments: [
    "", "00112233-4455-6677-8899-aabbccddeef", "00112233x4455-6677-8899-aabbccddeeff",
    "0011223g-4455-6677-8899-aabbccddeeff",
  ])
  func `what is no UUID is refused`(text: String) { #expect(UniqueID(text) == nil) }

  @Test func `a random UUID is of version 4`() {
    let text = Array(UniqueID.random().description)
    #expect(text[14] == "4")
    #expect(["8", "9", "a", "b"].contains(text[19]))
  }

  @Test func `a child tells how it ended`() throws {
    let child = try ChildProcess.spawn("/bin/sh", arguments: ["sh", "-c", "exit 7"])
    #expect(try child.wait() == .exited(status: 7))
    let killed = try ChildProcess.spawn("/bin/sleep", arguments: ["sleep", "60"])
    #expect(try killed.wait(milliseconds: 1) == nil)
    killed.send(signal: 9)
    #expect(try killed.wait(milliseconds: 90_000) == .signaled(signal: 9, coreDumped: false))
  }
}
