// Provides the one interface through which memory of a process, of a dump or of a test is read.

/// Why memory could not be read.
public struct MemoryError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What went wrong.
  public enum Code: Hashable, Sendable {
    /// Nothing is mapped there, or it may not be read, or only a part of the range can.
    case unreadable
    /// The range wraps around the end of the address space.
    case overflow
    /// More bytes were asked for than the caller's limit allows.
    case tooLarge
    /// A string does not end within its limit.
    case unterminated
  }
  /// What went wrong, for programs.
  public let code: Code
  /// The first address that was wanted.
  public let address: UInt64
  /// Bytes that were asked for.
  public let count: UInt64

  /// An error at an address.
  public init(_ code: Code, address: UInt64, count: UInt64) {
    self.code = code
    self.address = address
    self.count = count
  }

  public var description: String {
    let place = "0x\(String(address, radix: 16)), \(count) bytes"
    return switch code {
    case .unreadable: "memory at \(place) cannot be read"
    case .overflow: "the range at \(place) leaves the address space"
    case .tooLarge: "the range at \(place) is larger than allowed"
    case .unterminated: "the string at \(place) does not end"
    }
  }
}

/// A place in memory, and where its bytes go.
public struct MemoryPiece {
  /// The first address.
  public let address: UInt64
  /// As many bytes as are wanted; valid as long as the call.
  public let buffer: UnsafeMutableRawBufferPointer

  /// A piece of memory, and where it goes.
  public init(address: UInt64, buffer: UnsafeMutableRawBufferPointer) {
    self.address = address
    self.buffer = buffer
  }
}

/// Reads memory by address. The addresses belong to somebody else's process and are never pointers here.
///
/// Everything that is read is hostile: check before use, bound before allocation.
/// Class-bound, so that `any MemoryReader` is possible in Embedded Swift. Not thread safe unless a type says so.
public protocol MemoryReader: AnyObject {
  /// Reads from `address` on until `buffer` is full or a byte cannot be read.
  ///
  /// - Returns: bytes read, from the start of `buffer` on; 0 when the first byte cannot be read.
  func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int

  /// Fills the buffers of many places, with fewer system calls than one by one where the way of reading allows that.
  ///
  /// - Returns: how many of the first pieces were filled as a whole. Of the others nothing is known: read the first of
  ///   them alone.
  func readPieces(_ pieces: UnsafeBufferPointer<MemoryPiece>) -> Int

  /// A reader of the same memory that another thread can use at the same time; `nil` where only one can read.
  func forAnotherThread() -> (any MemoryReader)?
}

extension MemoryReader {
  /// Nobody else: most readers have a state, and ptrace belongs to one thread.
  public func forAnotherThread() -> (any MemoryReader)? { nil }

  /// Nothing at once: piece by piece is the only way.
  public func readPieces(_ pieces: UnsafeBufferPointer<MemoryPiece>) -> Int { 0 }
}

// A method of a protocol extension that another module calls on `any MemoryReader` is generic over a type that the
// Embedded compiler cannot name: unless it is inlined, the call ends in a trap, without a diagnostic. So these are
// inlined always and only hand over to functions that take the existential itself.
extension MemoryReader {
  /// Exactly `count` bytes.
  ///
  /// - Parameter limit: `count` beyond it fails before anything is allocated.
  @inline(__always)
  public func readBytes(at address: UInt64, count: Int, limit: Int = 64 << 20) throws(MemoryError) -> [UInt8] {
    try MemoryReading.bytes(self, address, count, limit)
  }

  /// Up to `count` bytes: as many as can be read from the start on. `count` is the caller's bound on the allocation.
  @inline(__always)
  public func readAvailable(at address: UInt64, count: Int) -> [UInt8] { MemoryReading.available(self, address, count) }

  /// A little-endian integer.
  @inline(__always)
  public func readInteger<T: FixedWidthInteger & BitwiseCopyable>(
    at address: UInt64, as type: T.Type = T.self
  ) throws(MemoryError) -> T {
    var value: T = 0
    let size = MemoryLayout<T>.size
    let count = withUnsafeMutableBytes(of: &value) { MemoryReading.read(self, address, $0) }
    guard count == size else { throw MemoryError(.unreadable, address: address, count: UInt64(size)) }
    return T(littleEndian: value)
  }

  // Generic methods cannot be called on `any MemoryReader` in Embedded Swift; these can.

  /// A little-endian integer of 16 bits.
  @inline(__always)
  public func readUInt16(at address: UInt64) throws(MemoryError) -> UInt16 {
    UInt16(truncatingIfNeeded: try MemoryReading.integer(self, address, size: 2))
  }
  /// A little-endian integer of 32 bits.
  @inline(__always)
  public func readUInt32(at address: UInt64) throws(MemoryError) -> UInt32 {
    UInt32(truncatingIfNeeded: try MemoryReading.integer(self, address, size: 4))
  }
  /// A little-endian integer of 64 bits.
  @inline(__always)
  public func readUInt64(at address: UInt64) throws(MemoryError) -> UInt64 {
    try MemoryReading.integer(self, address, size: 8)
  }
  /// A pointer of a 64-bit or 32-bit process.
  @inline(__always)
  public func readPointer(at address: UInt64, is64Bit: Bool) throws(MemoryError) -> UInt64 {
    try MemoryReading.integer(self, address, size: is64Bit ? 8 : 4)
  }

  /// The bytes of a C string without its NUL.
  ///
  /// - Parameter limit: bytes to look at, the NUL included.
  @inline(__always)
  public func readCString(at address: UInt64, limit: Int = 4096) throws(MemoryError) -> [UInt8] {
    try MemoryReading.cString(self, address, limit)
  }
}

/// What the methods above do. Not for use elsewhere; public because they are inlined into other modules.
public enum MemoryReading {
  /// Fills the buffer, or throws when a part of it cannot be read.
  public static func read(
    _ reader: any MemoryReader, _ address: UInt64, _ buffer: UnsafeMutableRawBufferPointer
  ) -> Int {
    reader.read(at: address, into: buffer)
  }

  /// So many bytes, or an error when one of them cannot be read.
  public static func bytes(
    _ reader: any MemoryReader, _ address: UInt64, _ count: Int, _ limit: Int
  ) throws(MemoryError) -> [UInt8] {
    guard count >= 0, count <= limit else {
      throw MemoryError(.tooLarge, address: address, count: UInt64(clamping: count))
    }
    if address.addingReportingOverflow(UInt64(count)).overflow {
      throw MemoryError(.overflow, address: address, count: UInt64(count))
    }
    if count == 0 { return [] }
    let bytes = available(reader, address, count)
    guard bytes.count == count else { throw MemoryError(.unreadable, address: address, count: UInt64(count)) }
    return bytes
  }

  /// As many of the bytes as can be read from the first one on.
  public static func available(_ reader: any MemoryReader, _ address: UInt64, _ count: Int) -> [UInt8] {
    if count <= 0 { return [] }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = reader.read(at: address, into: UnsafeMutableRawBufferPointer(buffer))
    }
  }

  /// - Parameter size: bytes, at most 8.
  public static func integer(_ reader: any MemoryReader, _ address: UInt64, size: Int) throws(MemoryError) -> UInt64 {
    var value: UInt64 = 0
    let count = withUnsafeMutableBytes(of: &value) {
      reader.read(at: address, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<min(max(size, 0), 8)]))
    }
    guard count == size else { throw MemoryError(.unreadable, address: address, count: UInt64(clamping: size)) }
    return UInt64(littleEndian: value)
  }

  /// The bytes before the next zero, at most `limit` of them.
  public static func cString(_ reader: any MemoryReader, _ address: UInt64, _ limit: Int) throws(MemoryError) -> [UInt8]
  {
    var result: [UInt8] = []
    var position = address
    while result.count < limit {
      // Up to the end of a page: the next one may be unmapped although the string ends before it.
      let toPageEnd = Int(4096 - (position & 4095))
      let chunk = available(reader, position, min(toPageEnd, limit - result.count))
      if chunk.isEmpty { throw MemoryError(.unreadable, address: position, count: 1) }
      if let end = chunk.firstIndex(of: 0) { return result + chunk[..<end] }
      result += chunk
      position = position &+ UInt64(chunk.count)
      if position == 0 { break }
    }
    throw MemoryError(.unterminated, address: address, count: UInt64(clamping: limit))
  }
}
