// Provides memory of a process that this thread traces, word by word.
internal import CLinuxShims

/// Reads a stopped process with PTRACE_PEEKDATA: slow, but needs nothing beyond the attachment.
///
/// Only for the OS thread that attached, while `thread` is stopped.
public final class PtraceMemoryReader: MemoryReader {
  private let thread: Int32

  /// Reads by a thread that this thread traces and that is stopped.
  public init(thread: Int32) { self.thread = thread }

  public func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let size = UInt64(MemoryLayout<UInt>.size)
    let range = AddressRange(start: address, size: UInt64(buffer.count))
    var done = 0
    // Aligned words never cross a page, so a word is readable as a whole or not at all.
    var word = address - address % size
    while word < range.end {
      var value: UInt = 0
      if linux_ptrace_peek(thread, word, &value) != 0 { break }
      let wordRange = AddressRange(start: word, size: size)
      guard let part = wordRange.intersection(range) else { break }
      withUnsafeBytes(of: &value) { bytes in
        for index in 0..<Int(part.size) { buffer[done + index] = bytes[Int(part.start - word) + index] }
      }
      done += Int(part.size)
      if wordRange.end == UInt64.max { break }
      word = wordRange.end
    }
    return done
  }
}
