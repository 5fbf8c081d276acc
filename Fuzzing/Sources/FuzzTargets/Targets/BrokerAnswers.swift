// Provides the fuzz target of what a broker says, which a process that has just crashed has made.
import Foundation
import LinuxSystem
import ProcessMemory

/// An input is packets: two bytes of length and the content, in the order in which they are answers.
let brokerAnswers = FuzzTarget(
  name: "broker-answers",
  seeds: {
    func packets(_ contents: [[UInt8]]) -> [UInt8] {
      contents.flatMap { [UInt8($0.count & 255), UInt8($0.count >> 8)] + $0 }
    }
    func number(_ value: Int32) -> [UInt8] {
      var bytes: [UInt8] = []
      bytes.append(value)
      return bytes
    }
    var registers = [UInt8](repeating: 7, count: 745)
    registers[744] = 1
    var entry = [UInt8](repeating: 0, count: 24)
    entry[16] = 24
    entry[19] = 0x31
    return [
      ("memory", packets([number(8), [UInt8](repeating: 1, count: 8), number(0)])),
      ("registers", packets([registers])), ("file", packets([number(0), number(2), [1, 2], number(0)])),
      ("attach", packets([[1], [1]])), ("refused", packets([[0], number(1)])),
      ("directory", packets([number(0), number(24), entry, number(0)])),
    ]
  },
  body: { bytes in
    // Each question in turn is the first one.
    for first in 0..<5 {
      var ends: [Int32] = [-1, -1]
      guard socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &ends) == 0 else { return }
      let near = OwnedFileDescriptor(owning: ends[0])
      let far = OwnedFileDescriptor(owning: ends[1])
      var rest = bytes
      while rest.count > 2 {
        let size = min(Int(rest[0]) | Int(rest[1]) << 8, rest.count - 2)
        rest = UnsafeRawBufferPointer(rebasing: rest[2...])
        if size > 0, send(far.rawValue, rest.baseAddress, size, 0x40 /* MSG_DONTWAIT */) < 0 { break }
        rest = UnsafeRawBufferPointer(rebasing: rest[size...])
      }
      shutdown(far.rawValue, Int32(SHUT_WR))
      let broker = ProcessBroker(
        socket: near.rawValue, processID: 7, deadline: MonotonicInstant.now().advanced(milliseconds: 1000))
      for question in first..<(first + 5) { ask(broker, question % 5) }
      broker.end()
    }
  })

private func ask(_ broker: ProcessBroker, _ question: Int) {
  switch question {
  case 0:
    var buffer = [UInt8](repeating: 0, count: 10_000)
    let count = buffer.withUnsafeMutableBytes { broker.read(at: 4096, into: $0) }
    precondition(count <= 10_000)
  case 1:
    if let registers = try? broker.registers(of: 7) { precondition(registers.general.count == 216) }
  case 2:
    if let file = try? broker.file("/proc/7/maps", limit: 20_000) { precondition(file.count <= 20_000) }
  case 3: use(try? broker.entries(of: "/proc/7/task"))
  default:
    use(broker.attach(7))
    use(broker.is64Bit())
  }
}
