// Provides a file descriptor that has exactly one owner.
internal import CLinuxShims

/// A file descriptor that is closed when its owner goes away.
///
/// Every call retries EINTR. Not thread safe beyond what the kernel gives.
@frozen public struct OwnedFileDescriptor: ~Copyable, Sendable {
  /// The kernel's number. Valid as long as the owner lives; do not close it.
  public let rawValue: Int32

  /// Takes ownership of `rawValue`, which must be open and owned by nobody else.
  public init(owning rawValue: Int32) { self.rawValue = rawValue }

  deinit { _ = close(rawValue) }

  /// Gives the number away without closing it.
  public consuming func release() -> Int32 {
    let number = rawValue
    discard self
    return number
  }

  /// A second descriptor for the same open file, close-on-exec.
  public func duplicate() throws(Errno) -> OwnedFileDescriptor {
    let number = rawValue
    return OwnedFileDescriptor(
      owning: try retryingInterrupts { linux_fcntl(number, FD_CLOEXEC_DUP, 0) })
  }

  /// Reads up to `buffer.count` bytes; 0 at the end.
  public func read(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
    let number = rawValue
    return try retryingInterrupts { CLinuxShims.read(number, buffer.baseAddress, buffer.count) }
  }

  /// Reads up to `buffer.count` bytes at `offset` without moving the file position.
  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(Errno) -> Int {
    let number = rawValue
    return try retryingInterrupts { pread(number, buffer.baseAddress, buffer.count, Int(offset)) }
  }

  /// Everything from the current position to the end, at most `limit` bytes.
  ///
  /// - Parameter endsShort: whether a read that gives less than was asked for is the last one.
  /// - Throws: `Errno.fileTooLarge` when there is more than `limit`.
  @inline(never)
  public func readToEnd(limit: Int, endsShort: Bool = false) throws(Errno) -> [UInt8] {
    // Not initialized: most files are much smaller. What is longer comes in many pieces, a map of 50,000 mappings in 600: the
    // kernel moves large memory that grows, where an array would copy it.
    var capacity = min(64 << 10, max(1, limit))
    guard var buffer = malloc(capacity) else { throw .noMemory }
    defer { free(buffer) }
    var total = 0
    while true {
      let room = UnsafeMutableRawBufferPointer(start: buffer + total, count: capacity - total)
      let count = try self.read(into: room)
      total += count
      if total > limit { throw .fileTooLarge }
      if count == 0 || (endsShort && count < room.count) { break }
      if total < capacity { continue }
      capacity *= 4
      guard let larger = realloc(buffer, capacity) else { throw .noMemory }
      buffer = larger
    }
    var result: [UInt8] = []
    result.append(contentsOf: UnsafeRawBufferPointer(start: buffer, count: total))
    return result
  }

  /// What a pipe or socket holds now, without waiting for more: until its end, until it is empty, or until an error.
  ///
  /// Sets O_NONBLOCK on the open file, which others may share. What is beyond `limit` bytes stays unread.
  public func readAvailable(limit: Int) -> [UInt8] {
    _ = linux_fcntl(rawValue, F_SETFL, Int(O_NONBLOCK))
    var result: [UInt8] = []
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: min(64 * 1024, max(1, limit)), alignment: 16)
    defer { chunk.deallocate() }
    while result.count < limit {
      let room = UnsafeMutableRawBufferPointer(rebasing: chunk[..<min(chunk.count, limit - result.count)])
      guard let count = try? read(into: room), count > 0 else { break }
      result.append(contentsOf: UnsafeRawBufferPointer(rebasing: room[..<count]))
    }
    return result
  }

  /// At most `count` bytes at `offset`, fewer only where the file ends. The file position stays.
  public func read(upTo count: Int, at offset: Int64) throws(Errno) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: max(0, count))
    var filled = 0
    while filled < bytes.count {
      let read = try bytes.withUnsafeMutableBufferPointer { (buffer) throws(Errno) -> Int in
        let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
        return try self.read(into: rest, at: offset + Int64(filled))
      }
      if read == 0 { break }
      filled += read
    }
    bytes.removeLast(bytes.count - filled)
    return bytes
  }

  /// Writes all of `buffer`, in as many calls as it takes.
  public func writeAll(_ buffer: UnsafeRawBufferPointer) throws(Errno) {
    let number = rawValue
    var written = 0
    while written < buffer.count {
      let count = try retryingInterrupts {
        write(number, buffer.baseAddress.map { $0 + written }, buffer.count - written)
      }
      if count == 0 { throw .inputOutput }
      written += count
    }
  }

  public func writeAll(_ bytes: [UInt8]) throws(Errno) {
    try bytes.withUnsafeBufferPointer { (buffer) throws(Errno) in
      try self.writeAll(UnsafeRawBufferPointer(buffer))
    }
  }

  /// Writes all of `bytes` at `offset` without moving the file position.
  public func writeAll(_ bytes: [UInt8], at offset: Int64) throws(Errno) {
    let number = rawValue
    try bytes.withUnsafeBufferPointer { (buffer) throws(Errno) in
      var written = 0
      while written < buffer.count {
        let count = try retryingInterrupts {
          pwrite(
            number, buffer.baseAddress.map { $0 + written }, buffer.count - written, Int(offset) + written)
        }
        if count == 0 { throw .inputOutput }
        written += count
      }
    }
  }

  /// Flushes data and metadata to the device: `fsync(2)`.
  public func synchronize() throws(Errno) {
    let number = rawValue
    _ = try retryingInterrupts { fsync(number) }
  }

  /// Cuts or extends the file: `ftruncate(2)`.
  public func truncate(to size: Int64) throws(Errno) {
    let number = rawValue
    _ = try retryingInterrupts { ftruncate(number, Int(size)) }
  }

  public func status() throws(Errno) -> FileStatus {
    let number = rawValue
    var record = stat()
    _ = try retryingInterrupts { fstat(number, &record) }
    return FileStatus(record)
  }
}

/// `F_DUPFD_CLOEXEC`, which libc offers as a macro that Swift cannot import.
private let FD_CLOEXEC_DUP: Int32 = 1030
