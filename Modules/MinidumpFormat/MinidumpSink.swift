// Provides where a minidump is written to, and why writing one fails.

/// Why a sink did not take bytes.
public struct MinidumpSinkError: Error, Hashable, Sendable {
  /// An errno, or whatever the sink counts in.
  public let code: Int32
  public init(code: Int32) { self.code = code }
}

/// Where a minidump is written to: a file, a socket, memory.
public protocol MinidumpSink: AnyObject {
  /// Takes all of `bytes`, behind those taken before.
  func write(_ bytes: UnsafeRawBufferPointer) throws(MinidumpSinkError)

  /// Replaces bytes that were written before; the position of `write` stays.
  ///
  /// - Returns: false when this sink cannot go back, like a pipe; nothing was written then.
  func overwrite(at offset: UInt64, _ bytes: UnsafeRawBufferPointer) throws(MinidumpSinkError) -> Bool

  /// Whether `overwrite` works. A dump in such a sink gets its signature last.
  var canOverwrite: Bool { get }

  /// Where the next `count` bytes will lie, for a sink in memory: whoever puts them there and calls `write` with that place
  /// spares a copy.
  ///
  /// - Returns: `nil` for any other sink, and where there is less room.
  func place(for count: Int) -> UnsafeMutableRawBufferPointer?

  /// Makes the sink that long, behind what was written, with zeros that take no place. From then on `overwrite` takes bytes
  /// for any place of it, from several threads at once, and `write` is not called any more.
  ///
  /// - Returns: false when this sink cannot do that; nothing has changed then.
  func extend(to size: UInt64) throws(MinidumpSinkError) -> Bool

  /// Says that these bytes will be overwritten next, which a file system may use. From several threads, after `extend`.
  func reserve(at offset: UInt64, count: Int)
}

extension MinidumpSink {
  /// No place of its own.
  public func place(for count: Int) -> UnsafeMutableRawBufferPointer? { nil }
  /// One place behind the other is the only way.
  public func extend(to size: UInt64) throws(MinidumpSinkError) -> Bool { false }
  /// Changes nothing.
  public func reserve(at offset: UInt64, count: Int) {}
}

/// Brings memory of the process into a dump by itself, in whatever order.
public protocol MinidumpMemoryCopier: AnyObject {
  /// Writes the bytes of all ranges one behind the other, from an offset of the sink on, which has been extended.
  ///
  /// - Returns: bytes that could not be read.
  func copy(_ ranges: [MinidumpAddressRange], to offset: UInt64) throws(MinidumpSinkError) -> UInt64
}

/// Why a minidump could not be written.
public struct MinidumpWriteError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Code: Hashable, Sendable {
    /// The dump would not fit into 4 GiB, which 32-bit offsets demand. Write less memory, or move it to `memory64`.
    case tooLarge
    /// The sink failed, as when the disk is full.
    case sink
  }
  public let code: Code
  /// Bytes that the dump would have had (`tooLarge`) or that had been written (`sink`).
  public let size: UInt64
  /// What the sink said.
  public let sinkError: MinidumpSinkError?

  internal init(_ code: Code, size: UInt64, sinkError: MinidumpSinkError? = nil) {
    self.code = code
    self.size = size
    self.sinkError = sinkError
  }

  public var description: String {
    switch code {
    case .tooLarge: "the minidump would have \(size) bytes, more than its 32-bit offsets reach: write less memory"
    case .sink: "writing the minidump failed after \(size) bytes with error \(sinkError?.code ?? 0): free the disk"
    }
  }
}

/// A sink that keeps the dump in memory, for tests and small dumps.
public final class MinidumpMemorySink: MinidumpSink {
  public private(set) var bytes: [UInt8] = []
  public init() {}
  public var canOverwrite: Bool { true }

  public func write(_ bytes: UnsafeRawBufferPointer) throws(MinidumpSinkError) {
    self.bytes.append(contentsOf: bytes)
  }

  public func overwrite(at offset: UInt64, _ bytes: UnsafeRawBufferPointer) throws(MinidumpSinkError) -> Bool {
    guard let start = Int(exactly: offset), start <= self.bytes.count, bytes.count <= self.bytes.count - start else {
      throw MinidumpSinkError(code: 22)
    }
    for (index, byte) in bytes.enumerated() { self.bytes[start + index] = byte }
    return true
  }
}

/// A sink in memory of the caller's, which the writer fills without a copy of its own: for dumps that are sent or mapped.
public final class MinidumpPlaceSink: MinidumpSink {
  private let memory: UnsafeMutableRawBufferPointer
  /// Bytes of the dump so far.
  public private(set) var count = 0

  /// - Parameter memory: must live as long as the sink; `MinidumpWriter.size` tells how much is needed.
  public init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

  public var canOverwrite: Bool { true }

  public func place(for count: Int) -> UnsafeMutableRawBufferPointer? {
    guard count > 0, count <= memory.count - self.count else { return nil }
    return UnsafeMutableRawBufferPointer(rebasing: memory[self.count..<self.count + count])
  }

  /// Throws 28, `ENOSPC`, where the memory is too small.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(MinidumpSinkError) {
    if bytes.isEmpty { return }
    guard let place = place(for: bytes.count) else { throw MinidumpSinkError(code: 28) }
    if bytes.baseAddress != UnsafeRawPointer(place.baseAddress) { place.copyMemory(from: bytes) }
    count += bytes.count
  }

  public func overwrite(at offset: UInt64, _ bytes: UnsafeRawBufferPointer) throws(MinidumpSinkError) -> Bool {
    guard let start = Int(exactly: offset), start <= count, bytes.count <= count - start else {
      throw MinidumpSinkError(code: 22)
    }
    UnsafeMutableRawBufferPointer(rebasing: memory[start...]).copyMemory(from: bytes)
    return true
  }
}
