// Provides what a crashed run said of its own stack where no handler looked at it, as a part of an event.
internal import CLinuxShims
internal import LinuxSystem
internal import SentryEnvelope
internal import StructuredValue

/// The record that the crashing thread leaves in `RunFiles.stack`. Layout: `stack_record.h`.
internal struct StackRecord: Sendable {
  let time: EventTime
  let address: UInt64
  let signal: Int32
  let code: Int32
  let thread: UInt32
  let registers: [UInt64]
  /// Innermost first.
  let frames: [UInt64]

  private static let registersOffset = 48
  private static let framesOffset = registersOffset + Int(STACK_RECORD_REGISTERS) * 8
  private static let size = framesOffset + Int(STACK_RECORD_FRAMES) * 8

  /// `nil` for bytes that are no whole record.
  init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.size, bytes.starts(with: "SNstack1".utf8) else { return nil }
    func number(_ offset: Int, _ count: Int) -> UInt64 {
      var value: UInt64 = 0
      for index in 0..<count { value |= UInt64(bytes[offset + index]) << UInt64(index * 8) }
      return value
    }
    let nanoseconds = number(8, 8)
    time = EventTime(
      seconds: Int64(truncatingIfNeeded: nanoseconds / 1_000_000_000),
      nanoseconds: Int32(truncatingIfNeeded: nanoseconds % 1_000_000_000))
    address = number(16, 8)
    signal = Int32(truncatingIfNeeded: number(24, 4))
    code = Int32(truncatingIfNeeded: number(28, 4))
    thread = UInt32(truncatingIfNeeded: number(32, 4))
    let registerCount = min(Int(number(36, 4)), Int(STACK_RECORD_REGISTERS))
    let frameCount = min(Int(number(40, 4)), Int(STACK_RECORD_FRAMES))
    registers = (0..<registerCount).map { number(Self.registersOffset + $0 * 8, 8) }
    frames = (0..<frameCount).map { number(Self.framesOffset + $0 * 8, 8) }
  }

  /// The member `exception` of an event, as native SDKs report a signal.
  var exception: StructuredValue {
    var registerValues = StructuredObject()
    for (index, value) in registers.enumerated() {
      if let name = stack_record_register(UInt32(index)) { registerValues[String(cString: name)] = Self.hex(value) }
    }
    let frameValues = frames.reversed().map { address -> StructuredValue in
      ["instruction_addr": Self.hex(address)]
    }
    let (name, description) = Self.names[signal] ?? ("signal \(signal)", "Unknown signal")
    return [
      "values": [
        [
          "type": .string(name), "value": .string(description), "thread_id": .integer(Int64(thread)),
          "mechanism": [
            "type": "signalhandler", "synthetic": true, "handled": false,
            "meta": [
              "signal": ["name": .string(name), "number": .integer(Int64(signal)), "code": .integer(Int64(code))]
            ],
            "data": ["relevant_address": Self.hex(address)],
          ],
          "stacktrace": ["frames": .array(frameValues), "registers": .object(registerValues)],
        ]
      ]
    ]
  }

  private static func hex(_ value: UInt64) -> StructuredValue { .string("0x\(String(value, radix: 16))") }

  private static let names: [Int32: (String, String)] = [
    SIGILL: ("SIGILL", "IllegalInstruction"), SIGTRAP: ("SIGTRAP", "Trap"), SIGABRT: ("SIGABRT", "Abort"),
    SIGBUS: ("SIGBUS", "BusError"), SIGFPE: ("SIGFPE", "FloatingPointException"), SIGSEGV: ("SIGSEGV", "Segfault"),
    SIGQUIT: ("SIGQUIT", "Quit"), SIGSYS: ("SIGSYS", "BadSystemCall"), SIGXCPU: ("SIGXCPU", "CPUTimeLimit"),
    SIGXFSZ: ("SIGXFSZ", "FileSizeLimit"),
  ]
}
