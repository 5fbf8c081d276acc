// Provides what our own client writes behind Crashpad's exception information.
internal import LinuxSystem
internal import ProcessMemory

/// The record at the address that a crashing process names. The first 20 bytes are Crashpad's and all that a foreign
/// client has; what follows is believed when magic and size fit. Layout: docs/formats/handler-protocol.md.
struct CrashRecord {
  /// `SwiftCrs` in memory order.
  private static let magic: UInt64 = 0x7372_4374_6669_7753
  static let size = 128
  private static let simulated: UInt32 = 1

  let informationAddress: UInt64
  let contextAddress: UInt64
  let thread: Int32
  private(set) var isSimulated = false
  /// Address of the Swift runtime's pointer to its last message; 0 when unknown.
  private(set) var fatalMessageSlot: UInt64 = 0
  private(set) var time: Timestamp?

  /// `nil` with fewer than 20 bytes.
  init?(_ bytes: [UInt8]) {
    guard let information: UInt64 = bytes.littleEndian(at: 0), let context: UInt64 = bytes.littleEndian(at: 8),
      let thread: Int32 = bytes.littleEndian(at: 16)
    else { return nil }
    informationAddress = information
    contextAddress = context
    self.thread = thread
    guard bytes.littleEndian(UInt64.self, at: 24) == Self.magic, let size: UInt32 = bytes.littleEndian(at: 20),
      size >= 56, let flags: UInt32 = bytes.littleEndian(at: 36), let slot: UInt64 = bytes.littleEndian(at: 40),
      let nanoseconds: Int64 = bytes.littleEndian(at: 48)
    else { return }
    isSimulated = flags & Self.simulated != 0
    fatalMessageSlot = slot
    if nanoseconds > 0 {
      time = Timestamp(seconds: nanoseconds / 1_000_000_000, nanoseconds: Int32(nanoseconds % 1_000_000_000))
    }
  }
}
