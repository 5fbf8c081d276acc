// Provides the bytes of a minidump to its reader.

/// The bytes of a minidump, for as long as somebody holds this object.
///
/// Not thread safe to create and read at the same time; reading by several threads is.
public final class MinidumpBytes {
  /// Valid as long as this object lives.
  public let buffer: UnsafeRawBufferPointer
  private let owned: UnsafeMutableRawBufferPointer?
  private let owner: AnyObject?

  /// A copy of `bytes`.
  public init(copying bytes: [UInt8]) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 16)
    bytes.withUnsafeBufferPointer { copy.copyMemory(from: UnsafeRawBufferPointer($0)) }
    buffer = UnsafeRawBufferPointer(rebasing: copy[0..<bytes.count])
    owned = copy
    owner = nil
  }

  /// Foreign bytes, such as a mapped file. Nothing is copied.
  ///
  /// - Parameters:
  ///   - buffer: must stay valid and unchanged as long as this object lives. Map files privately: a file that is cut
  ///     while it is mapped kills the reading process.
  ///   - owner: an object that keeps `buffer` alive; it is held as long as this object lives.
  public init(unowned buffer: UnsafeRawBufferPointer, keepingAlive owner: AnyObject? = nil) {
    self.buffer = buffer
    owned = nil
    self.owner = owner
  }

  deinit { owned?.deallocate() }
}
