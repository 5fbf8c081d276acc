// Provides memory of another process by /proc/PID/mem.
internal import CLinuxShims
public import LinuxSystem

/// Reads another process through `/proc/PID/mem`. The right to ptrace is asked for at the opening only, so memory stays
/// readable when the process changes its credentials later. Pages without read permission are read as well.
public final class ProcMemMemoryReader: MemoryReader {
  private let file: OwnedFileDescriptor

  /// - Parameter thread: any living thread of the process.
  /// - Throws: why the file cannot be opened: `EACCES` without the right to ptrace, `ENOENT` when there is no such thread.
  public init(process: Int32, thread: Int32) throws(Errno) {
    file = try FileSystem.open(FilePath("/proc/\(process)/task/\(thread)/mem"))
  }

  /// Reading at an offset needs nothing but the file.
  public func forAnotherThread() -> (any MemoryReader)? { self }

  public func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    // Offsets are signed: the upper half of the address space belongs to the kernel anyway.
    guard let start = Int64(exactly: address) else { return 0 }
    let size = min(UInt64(buffer.count), UInt64(Int64.max) - address)
    var done = 0
    while done < Int(size) {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done..<Int(size)])
      guard let count = try? file.read(into: rest, at: start + Int64(done)), count > 0 else { break }
      done += count
    }
    return done
  }
}
