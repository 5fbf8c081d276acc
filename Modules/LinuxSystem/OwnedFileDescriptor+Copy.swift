// Provides copying from one file to another.
internal import CLinuxShims

extension OwnedFileDescriptor {
  /// Appends the first `count` bytes of `source` at this file's position, fewer where it ends. Where the file system can,
  /// the files share their blocks: `copy_file_range(2)`.
  public func copy(_ source: borrowing OwnedFileDescriptor, count: Int64) throws(Errno) {
    var offset: Int64 = 0
    let from = source.rawValue
    let to = rawValue
    while offset < count {
      var position = off64_t(offset)
      let wanted = Int(min(count - offset, 1 << 30))
      let copied = copy_file_range(from, &position, to, nil, wanted, 0)
      if copied == 0 { return }
      if copied < 0 {
        if Errno.current == .interrupted { continue }
        // Another file system, an old kernel, no regular file: by way of memory then.
        break
      }
      offset += Int64(copied)
    }
    var buffer = [UInt8](repeating: 0, count: offset < count ? 256 * 1024 : 0)
    while offset < count {
      let wanted = Int(min(count - offset, Int64(buffer.count)))
      let start = offset
      let read = try buffer.withUnsafeMutableBufferPointer { (target) throws(Errno) -> Int in
        try source.read(
          into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(target)[..<wanted]), at: start)
      }
      if read == 0 { return }
      try buffer.withUnsafeBufferPointer { (bytes) throws(Errno) in
        try self.writeAll(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[..<read])))
      }
      offset += Int64(read)
    }
  }
}
