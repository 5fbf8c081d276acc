// Provides the records of .eh_frame: common information (CIE) and frame descriptions (FDE).
package import ProcessMemory

/// Reads the bytes of one record, with the addresses that relative pointers need. After the end every read gives `nil`.
package struct RecordCursor {
  package let bytes: [UInt8]
  /// Where `bytes` starts in the process.
  package let address: UInt64
  package var position: Int

  package init(bytes: [UInt8], address: UInt64, position: Int = 0) {
    self.bytes = bytes
    self.address = address
    self.position = position
  }

  package var isAtEnd: Bool { position >= bytes.count }

  package mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) -> T? {
    let size = MemoryLayout<T>.size
    guard bytes.count - position >= size else { return nil }
    defer { position += size }
    return bytes.withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: T.self)) }
  }

  package mutating func skip(_ count: UInt64) -> Bool {
    guard count <= UInt64(bytes.count - position) else { return false }
    position += Int(count)
    return true
  }

  /// DWARF 5, section 7.6. Bits beyond 64 are dropped.
  package mutating func uleb128() -> UInt64? {
    var result: UInt64 = 0
    var shift: UInt64 = 0
    while let byte = integer(UInt8.self) {
      if shift < 64 { result |= UInt64(byte & 0x7f) &<< shift }
      shift += 7
      if byte & 0x80 == 0 { return result }
      if shift > 140 { return nil }
    }
    return nil
  }

  package mutating func sleb128() -> Int64? {
    var result: UInt64 = 0
    var shift: UInt64 = 0
    while let byte = integer(UInt8.self) {
      if shift < 64 { result |= UInt64(byte & 0x7f) &<< shift }
      shift += 7
      if byte & 0x80 == 0 {
        if shift < 64, byte & 0x40 != 0 { result |= ~UInt64(0) &<< shift }
        return Int64(bitPattern: result)
      }
      if shift > 140 { return nil }
    }
    return nil
  }

  /// A pointer in one of the encodings of the LSB specification, section 10.5.1.
  ///
  /// - Parameter dataBase: what `DW_EH_PE_datarel` counts from.
  package mutating func pointer(_ encoding: UInt8, dataBase: UInt64 = 0, memory: some MemoryReader) -> UInt64? {
    if encoding == 0xff { return nil }
    let place = address &+ UInt64(position)
    let value: UInt64
    switch encoding & 0x0f {
    case 0x00, 0x04:
      guard let read = integer(UInt64.self) else { return nil }
      value = read
    case 0x0c:
      guard let read = integer(Int64.self) else { return nil }
      value = UInt64(bitPattern: read)
    case 0x01:
      guard let read = uleb128() else { return nil }
      value = read
    case 0x09:
      guard let read = sleb128() else { return nil }
      value = UInt64(bitPattern: read)
    case 0x02:
      guard let read = integer(UInt16.self) else { return nil }
      value = UInt64(read)
    case 0x0a:
      guard let read = integer(Int16.self) else { return nil }
      value = UInt64(bitPattern: Int64(read))
    case 0x03:
      guard let read = integer(UInt32.self) else { return nil }
      value = UInt64(read)
    case 0x0b:
      guard let read = integer(Int32.self) else { return nil }
      value = UInt64(bitPattern: Int64(read))
    default: return nil
    }
    let absolute: UInt64
    switch encoding & 0x70 {
    case 0x00: absolute = value
    case 0x10: absolute = value == 0 ? 0 : value &+ place
    case 0x30: absolute = value &+ dataBase
    default: return nil
    }
    if encoding & 0x80 == 0 { return absolute }
    return try? memory.readInteger(at: absolute, as: UInt64.self)
  }
}

/// What several frame descriptions have in common.
package struct CommonInformation {
  var codeAlignment: UInt64 = 1
  var dataAlignment: Int64 = -8
  var returnAddressRegister = DWARFRegister.rip
  var pointerEncoding: UInt8 = 0
  /// Augmentation `S`: the kernel pushed this frame, its instruction is exact.
  package var isSignalFrame = false
  /// Augmentation `z`: a length precedes augmentation data in each FDE.
  var hasAugmentationData = false
  var instructions: [UInt8] = []
  /// Where `instructions` starts.
  var instructionsAddress: UInt64 = 0

  init?(at address: UInt64, memory: some MemoryReader, kind: FrameRecord.Kind) {
    guard var cursor = FrameRecord.read(at: address, memory: memory)?.cursor,
      cursor.integer(UInt32.self) == kind.commonMark, let version = cursor.integer(UInt8.self),
      version == 1 || version == 3 || (version == 4 && kind == .debugFrame)
    else { return nil }
    var augmentation: [UInt8] = []
    while let byte = cursor.integer(UInt8.self), byte != 0, augmentation.count < 16 { augmentation.append(byte) }
    // The sizes of addresses and segment selectors.
    if version == 4 {
      guard cursor.integer(UInt8.self) == 8, cursor.integer(UInt8.self) == 0 else { return nil }
    }
    guard let codeAlignment = cursor.uleb128(), let dataAlignment = cursor.sleb128() else { return nil }
    self.codeAlignment = codeAlignment
    self.dataAlignment = dataAlignment
    guard let returnRegister = version == 1 ? cursor.integer(UInt8.self).map(UInt64.init) : cursor.uleb128(),
      returnRegister < UInt64(Registers.count)
    else { return nil }
    returnAddressRegister = DWARFRegister(returnRegister)
    if let first = augmentation.first {
      // Without the length nothing says where the instructions start.
      guard first == UInt8(ascii: "z"), let length = cursor.uleb128() else { return nil }
      hasAugmentationData = true
      var data = cursor
      guard cursor.skip(length) else { return nil }
      letters: for letter in augmentation.dropFirst() {
        switch letter {
        case UInt8(ascii: "R"):
          guard let encoding = data.integer(UInt8.self) else { return nil }
          pointerEncoding = encoding
        case UInt8(ascii: "P"):
          guard let encoding = data.integer(UInt8.self) else { return nil }
          // The personality routine is of no use here; only its size matters.
          _ = data.pointer(encoding & 0x7f, memory: memory)
        case UInt8(ascii: "L"): _ = data.integer(UInt8.self)
        case UInt8(ascii: "S"): isSignalFrame = true
        case UInt8(ascii: "B"): break
        default: break letters
        }
      }
    }
    instructionsAddress = cursor.address &+ UInt64(cursor.position)
    instructions = Array(cursor.bytes[cursor.position...])
  }
}

/// How to unwind the functions of one range of addresses.
package struct FrameDescription {
  package let start: UInt64
  /// Exclusive.
  package let end: UInt64
  package let common: CommonInformation
  let instructions: [UInt8]
  let instructionsAddress: UInt64

  /// - Parameter address: of the record's length field.
  package init?(at address: UInt64, memory: some MemoryReader, kind: FrameRecord.Kind = .unwindTable) {
    guard let record = FrameRecord.read(at: address, memory: memory) else { return nil }
    var cursor = record.cursor
    let distancePlace = cursor.address
    // In .eh_frame the distance back to the common record, in .debug_frame its offset.
    guard let distance = cursor.integer(UInt32.self), distance != kind.commonMark,
      let common = CommonInformation(
        at: kind == .unwindTable ? distancePlace &- UInt64(distance) : UInt64(distance), memory: memory, kind: kind),
      let start = cursor.pointer(common.pointerEncoding, memory: memory),
      let size = cursor.pointer(common.pointerEncoding & 0x0f, memory: memory)
    else { return nil }
    if common.hasAugmentationData {
      guard let length = cursor.uleb128(), cursor.skip(length) else { return nil }
    }
    let (end, overflow) = start.addingReportingOverflow(size)
    guard !overflow else { return nil }
    self.start = start
    self.end = end
    self.common = common
    instructionsAddress = cursor.address &+ UInt64(cursor.position)
    instructions = Array(cursor.bytes[cursor.position...])
  }
}

package enum FrameRecord {
  /// The section that a record lies in.
  package enum Kind {
    case unwindTable
    case debugFrame

    /// What a common record has in place of the reference to one.
    package var commonMark: UInt32 { self == .unwindTable ? 0 : 0xffff_ffff }
  }

  /// Larger records do not exist; a hostile one may say so.
  static let limit = 64 << 10

  /// The content of the record whose length field is at `address`, and where the next one starts.
  package static func read(at address: UInt64, memory: some MemoryReader) -> (cursor: RecordCursor, next: UInt64)? {
    guard let length = try? memory.readInteger(at: address, as: UInt32.self), length != 0, length != 0xffff_ffff,
      let bytes = try? memory.readBytes(at: address &+ 4, count: Int(length), limit: limit)
    else { return nil }
    return (RecordCursor(bytes: bytes, address: address &+ 4), address &+ 4 &+ UInt64(length))
  }
}
