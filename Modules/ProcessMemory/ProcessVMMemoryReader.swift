// Provides memory of another process by process_vm_readv: the fastest way, without any stop.
internal import CLinuxShims
public import LinuxSystem

/// Reads another process with `process_vm_readv(2)`.
///
/// The kernel asks for the right to ptrace the process, at every call; the process need not be stopped. Only readable
/// mappings are read. Not thread safe.
public final class ProcessVMMemoryReader: MemoryReader {
  /// A transfer never splits an element of the vector (man page), so each element is a part of one page.
  private static let elements = 256
  private let thread: Int32
  private let vector: UnsafeMutablePointer<iovec>

  /// - Parameter thread: any living thread of the process. The leader will not do when it has exited.
  public init(thread: Int32) {
    self.thread = thread
    vector = .allocate(capacity: Self.elements)
  }

  deinit { vector.deallocate() }

  /// Whether the kernel lets us: `nil`, or why not (`EPERM`, `ENOSYS`, `ESRCH`).
  public func refusal() -> Errno? {
    var byte: UInt8 = 0
    // Nothing is mapped at address 0 (vm.mmap_min_addr), so an allowed call ends in EFAULT; permission comes first.
    let failure = withUnsafeMutableBytes(of: &byte) { buffer -> Errno? in
      var local = iovec(iov_base: buffer.baseAddress, iov_len: 1)
      var remote = iovec(iov_base: nil, iov_len: 1)
      return process_vm_readv(thread, &local, 1, &remote, 1, 0) < 0 ? Errno.current : nil
    }
    return failure == .badAddress ? nil : failure
  }

  public func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    guard let base = buffer.baseAddress else { return 0 }
    let range = AddressRange(start: address, size: UInt64(buffer.count))
    var position = range.start
    while position < range.end {
      var used = 0
      var next = position
      while next < range.end, used < Self.elements {
        let count = min(range.end - next, 4096 - next & 4095)
        vector[used] = iovec(
          iov_base: UnsafeMutableRawPointer(bitPattern: UInt(truncatingIfNeeded: next)), iov_len: Int(count))
        next += count
        used += 1
      }
      let done = Int(position - address)
      var local = iovec(iov_base: base + done, iov_len: Int(next - position))
      let count = process_vm_readv(thread, &local, 1, vector, UInt(used), 0)
      if count <= 0 { return done }
      position += UInt64(count)
      if position < next { return Int(position - address) }
    }
    return Int(position - address)
  }
}
