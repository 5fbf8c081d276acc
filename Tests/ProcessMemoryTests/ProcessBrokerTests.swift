// Tests that a broker's answers are checked: it was made by a process that has just crashed.
import CLinuxShims
import LinuxSystem
import ProcessMemory
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A broker` {
  /// A broker that has said everything before it is asked, and is gone.
  private func broker(_ packets: [[UInt8]], milliseconds: Int64 = 2000) throws -> ProcessBroker {
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw Errno.current
    }
    for end in ends { kept.append(end) }
    for packet in packets { #expect(linux_send_packet(ends[1], packet, packet.count) == packet.count) }
    shutdown(ends[1], Int32(SHUT_WR))
    return ProcessBroker(
      socket: ends[0], processID: 7, deadline: MonotonicInstant.now().advanced(milliseconds: milliseconds))
  }

  private final class Kept: @unchecked Sendable {
    var numbers: [Int32] = []
    func append(_ number: Int32) { numbers.append(number) }
    deinit { for number in numbers { close(number) } }
  }
  private let kept = Kept()

  private func number(_ value: Int32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: UInt32(bitPattern: value) >> ($0 * 8)) }
  }

  @Test func `that tells more than it was asked, or in no such pieces, is not believed`() throws {
    let bytes = [UInt8](repeating: 1, count: 5000)
    let lies: [[[UInt8]]] = [
      [number(17)], [number(4097), bytes], [number(.max)], [number(4), Array(bytes.prefix(5))],
      [number(4), Array(bytes.prefix(3))], [[1]], [bytes], [],
    ]
    for packets in lies {
      let broker = try self.broker(packets)
      var buffer = [UInt8](repeating: 0, count: 16)
      #expect(buffer.withUnsafeMutableBytes { broker.read(at: 4096, into: $0) } == 0)
      #expect(broker.isBroken)
      #expect(broker.is64Bit() == nil)
    }
  }

  @Test func `may tell less than it was asked, and why`() throws {
    let early = try self.broker([number(4), [1, 2, 3, 4], number(0), [1]])
    var buffer = [UInt8](repeating: 0, count: 16)
    #expect(buffer.withUnsafeMutableBytes { early.read(at: 4096, into: $0) } == 4)
    #expect(early.is64Bit() == true)
    let failing = try self.broker([number(4), [1, 2, 3, 4], number(-1), number(5), [0]])
    #expect(buffer.withUnsafeMutableBytes { failing.read(at: 4096, into: $0) } == 4)
    #expect(failing.is64Bit() == false)
  }

  @Test func `whose file has no end is not listened to for ever`() throws {
    let chunk = [UInt8](repeating: 0x61, count: 4096)
    let broker = try self.broker([number(0)] + (0..<8).flatMap { _ in [number(4096), chunk] })
    #expect(throws: Errno.fileTooLarge) { try broker.file("/proc/7/maps", limit: 16384) }
    #expect(broker.isBroken)
  }

  @Test func `gives registers in either size, and no other`() throws {
    for size in [Int(BROKER_THREAD_INFO_SIZE), Int(BROKER_PADDED_THREAD_INFO_SIZE)] {
      var packet = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
      packet[size - 1] = 1
      let broker = try self.broker([packet])
      let registers = try broker.registers(of: 7)
      #expect(registers.general == Array(packet.prefix(216)))
      #expect(registers.floatingPoint == Array(packet[216..<728]))
      #expect(registers.threadPointer & 0xff == UInt64(packet[size - 9]))
    }
    for size in [1, 736, 738, 744, 746] {
      let broker = try self.broker([[UInt8](repeating: 1, count: size)])
      #expect(throws: (any Error).self) { try broker.registers(of: 7) }
      #expect(broker.isBroken)
    }
    let refusing = try self.broker([[UInt8](repeating: 0, count: Int(BROKER_THREAD_INFO_SIZE)), number(3)])
    #expect(throws: Errno.noSuchProcess) { try refusing.registers(of: 7) }
  }

  @Test func `that answers nothing costs its time and no more`() throws {
    var ends: [Int32] = [-1, -1]
    try #require(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &ends) == 0)
    defer { for end in ends { close(end) } }
    let begin = MonotonicInstant.now()
    let broker = ProcessBroker(socket: ends[0], processID: 7, deadline: begin.advanced(milliseconds: 100))
    #expect(broker.attach(7) == .timedOut)
    #expect(broker.attach(7) == .timedOut)
    #expect(throws: Errno.timedOut) { try broker.file("/proc/7/maps", limit: 10) }
    #expect(MonotonicInstant.now().nanoseconds - begin.nanoseconds < 30_000_000_000)
  }

  @Test func `lists names that end, in records that fit`() {
    func record(_ name: String, size: UInt16) -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: 16) + [UInt8(size & 255), UInt8(size >> 8), 4] + Array(name.utf8)
      bytes += [UInt8](repeating: 0, count: max(0, Int(size) - bytes.count))
      return bytes
    }
    let sound = record(".", size: 24) + record("..", size: 24) + record("12", size: 24) + record("345", size: 24)
    #expect(ProcessBroker.names(in: sound) == [Array("12".utf8), Array("345".utf8)])
    #expect(ProcessBroker.names(in: sound + record("6", size: 0)).count == 2)
    #expect(ProcessBroker.names(in: sound + record("7", size: 500).prefix(24)).count == 2)
    #expect(ProcessBroker.names(in: sound + record("12345", size: 24).dropLast(4)).count == 2)
    #expect(ProcessBroker.names(in: [UInt8](repeating: 0xff, count: 24)).isEmpty)
  }
}
