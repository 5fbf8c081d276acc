// Tests the broker inside the crashing thread: what it tells about its own process, and what it refuses.
import CLinuxShims
import Foundation
import LinuxSystem
import ProcessMemory
import Testing

/// A thread that waits for its dump, on one end of a socket pair.
private final class WaitingThread: @unchecked Sendable {
  let handler: OwnedFileDescriptor
  private let client: OwnedFileDescriptor
  private let thread: Thread
  private let ended = DispatchSemaphore(value: 0)
  private let result: UnsafeMutablePointer<Int32>

  init(milliseconds: Int64 = 120_000) throws {
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw Errno.current
    }
    handler = OwnedFileDescriptor(owning: ends[0])
    client = OwnedFileDescriptor(owning: ends[1])
    let (number, ended, result) = (ends[1], ended, UnsafeMutablePointer<Int32>.allocate(capacity: 1))
    self.result = result
    nonisolated(unsafe) let place = result
    thread = Thread {
      place.pointee = crash_converse(number, number, crash_clock(1) + milliseconds * 1_000_000)
      ended.signal()
    }
    thread.start()
  }

  deinit { result.deallocate() }

  func send(words: [UInt32]) {
    let bytes = words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
    send(bytes)
  }
  func send(_ bytes: [UInt8]) { _ = linux_send_packet(handler.rawValue, bytes, bytes.count) }

  func number() -> Int32? {
    var value: Int32 = 0
    return linux_receive_packet(handler.rawValue, &value, 4).count == 4 ? value : nil
  }

  /// Has it answer for itself.
  func serve() throws -> ProcessBroker {
    send(words: [CRASH_SERVER_SERVE_MEMORY, 0])
    try #require(number() == 0)
    return ProcessBroker(
      socket: handler.rawValue, processID: 0, deadline: MonotonicInstant.now().advanced(milliseconds: 60_000))
  }

  /// Says that the dump is over, and waits for the thread.
  func finish() -> Int32 {
    send(words: [CRASH_SERVER_DUMP_COMPLETE, 0])
    return wait()
  }

  /// The end of its conversation: how it ended.
  func wait() -> Int32 {
    ended.wait()
    return result.pointee
  }
}

// One conversation at a time is what a process has.
@Suite(.timeLimit(.minutes(10)), .serialized) struct `A crashing thread that answers for its process` {
  @Test func `tells its memory to the last readable byte`() throws {
    let thread = try WaitingThread()
    let broker = try thread.serve()
    let page = 4096
    let area = try #require(mmap(nil, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
    defer { munmap(area, 3 * page) }
    for index in 0..<(2 * page) {
      area.storeBytes(of: UInt8(truncatingIfNeeded: index * 7 >> 3), toByteOffset: index, as: UInt8.self)
    }
    mprotect(area + 2 * page, page, PROT_NONE)
    let base = UInt64(UInt(bitPattern: area))
    let reader = BrokerMemoryReader(broker)
    let expected = (0..<(2 * page)).map { UInt8(truncatingIfNeeded: $0 * 7 >> 3) }
    #expect(try reader.readBytes(at: base, count: 2 * page) == expected)
    #expect(try reader.readBytes(at: base + 4093, count: 7) == Array(expected[4093..<4100]))
    #expect(reader.readAvailable(at: base + 8000, count: 4096) == Array(expected[8000...]))
    for hole in [base + 8192, 0, 8, .max, .max - 3, 0xffff_8000_0000_0000, 0x8000_0000_0000] {
      #expect(reader.readAvailable(at: hole, count: 16).isEmpty)
    }
    #expect(!broker.isBroken)
    broker.end()
    #expect(thread.finish() == 0)
  }

  @Test func `tells its own files and threads, and nobody else's`() throws {
    let thread = try WaitingThread()
    let broker = try thread.serve()
    #expect(try broker.file("/proc/self/maps", limit: 16 << 20).count > 1000)
    #expect(try broker.file(FilePath("/proc/\(getpid())/task/\(getpid())/comm"), limit: 100).last == 0x0a)
    let tasks = try broker.entries(of: FilePath("/proc/\(getpid())/task"))
    #expect(tasks.contains(Array("\(getpid())".utf8)))
    #expect(!tasks.contains { $0.first == 0x2e })
    let denied: [FilePath] = [
      "/etc/passwd", "/proc/1/maps", "/proc/self/../1/maps", "/proc/self/root/etc/passwd", "/proc/self/task/../maps",
      "/proc/self/fd/0", "/proc/self/", "/proc/self", "/proc/", "/proc/self/.", FilePath("/proc/0\(getpid())/maps"),
      FilePath("/proc/\(getpid())0/maps"), "/proc/self/task/1x/comm", FilePath("/proc/self/task/\(getpid())/fd/0"),
    ]
    for path in denied { #expect(throws: Errno.permissionDenied, "\(path)") { try broker.file(path, limit: 100) } }
    // The last component is not followed.
    #expect(throws: (any Error).self) { try broker.file("/proc/self/exe", limit: 100) }
    #expect(throws: Errno.noSuchFile) { try broker.file("/proc/self/nothing", limit: 100) }
    // Behind all that, the conversation goes on.
    #expect(try broker.file("/proc/self/stat", limit: 4096).starts(with: Array("\(getpid()) ".utf8)))
    broker.end()
    #expect(thread.finish() == 0)
  }

  @Test func `is not led astray by a path that is too long`() throws {
    let thread = try WaitingThread()
    let broker = try thread.serve()
    // {version 1, type 4, thread 0, length, 0}, as a handler without a check of its own would send it.
    thread.send(words: [0x4_0001, 0, 5000, 0, 0, 0])
    thread.send([UInt8](repeating: 0x61, count: 5000))
    #expect(thread.number() == BROKER_TOO_LONG)
    #expect(broker.is64Bit() == true)
    broker.end()
    #expect(thread.finish() == 0)
  }

  @Test func `has no registers to tell, and stops nobody`() throws {
    let thread = try WaitingThread()
    let broker = try thread.serve()
    #expect(broker.attach(getpid()) == .notPermitted)
    #expect(throws: Errno.notPermitted) { try broker.registers(of: getpid()) }
    #expect(broker.is64Bit() == true)
    broker.end()
    #expect(thread.finish() == 0)
  }

  @Test func `ends a conversation that it does not understand, and waits for the end of the dump`() throws {
    for words in [[2, 0, 0, 0, 0, 0], [0x9_0001, 0, 0, 0, 0, 0], [1]] as [[UInt32]] {
      let thread = try WaitingThread()
      _ = try thread.serve()
      thread.send(words: words)
      #expect(thread.finish() == 0)
    }
  }

  @Test func `ignores messages of the handler that it does not know`() throws {
    let thread = try WaitingThread()
    thread.send(words: [77, 0])
    thread.send(words: [CRASH_SERVER_CREDENTIALS, 0])
    thread.send([1, 2, 3] as [UInt8])
    #expect(thread.finish() == 0)
  }

  @Test func `does not outlast its time, nor the handler`() throws {
    let begin = MonotonicInstant.now()
    let slow = try WaitingThread(milliseconds: 3000)
    _ = try slow.serve()
    #expect(slow.wait() == 2)
    let orphan = try WaitingThread()
    shutdown(orphan.handler.rawValue, Int32(SHUT_RDWR))
    #expect(orphan.wait() == 1)
    #expect(MonotonicInstant.now().nanoseconds - begin.nanoseconds < 60_000_000_000)
  }
}
