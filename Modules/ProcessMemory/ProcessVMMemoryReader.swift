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
  /// What is longer is read as one element first.
  private static let small = 64 << 10
  /// Of the other side, for many pieces at once.
  private let targets: UnsafeMutablePointer<iovec>

  /// - Parameter thread: any living thread of the process. The leader will not do when it has exited.
  public init(thread: Int32) {
    self.thread = thread
    vector = .allocate(capacity: Self.elements)
    targets = .allocate(capacity: Self.elements)
  }

  deinit {
    vector.deallocate()
    targets.deallocate()
  }

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
    if buffer.count > Self.small, let place = UnsafeMutableRawPointer(bitPattern: UInt(truncatingIfNeeded: address)) {
      // The kernel takes one long element a tenth faster than its pages one by one. Where a page is missing it may stop
      // anywhere before it: then the pages tell.
      var local = iovec(iov_base: base, iov_len: Int(range.size))
      var remote = iovec(iov_base: place, iov_len: Int(range.size))
      position += UInt64(max(0, process_vm_readv(thread, &local, 1, &remote, 1, 0)))
    }
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

  public func forAnotherThread() -> (any MemoryReader)? { ProcessVMMemoryReader(thread: thread) }

  public func readPieces(_ pieces: UnsafeBufferPointer<MemoryPiece>) -> Int {
    var done = 0
    while done < pieces.count {
      // As many whole pieces as the vectors hold.
      var used = 0
      var taken = 0
      var bytes = 0
      while done + taken < pieces.count, taken < Self.elements {
        let piece = pieces[done + taken]
        let range = AddressRange(start: piece.address, size: UInt64(piece.buffer.count))
        // What wraps around, and what has no bytes, is for `read`.
        guard let base = piece.buffer.baseAddress, range.size == UInt64(piece.buffer.count), !range.isEmpty else {
          break
        }
        let pages = (range.end - 1) / 4096 - range.start / 4096 + 1
        guard pages <= UInt64(Self.elements - used) else { break }
        var next = range.start
        while next < range.end {
          let count = min(range.end - next, 4096 - next & 4095)
          vector[used] = iovec(
            iov_base: UnsafeMutableRawPointer(bitPattern: UInt(truncatingIfNeeded: next)), iov_len: Int(count))
          next += count
          used += 1
        }
        targets[taken] = iovec(iov_base: base, iov_len: piece.buffer.count)
        taken += 1
        bytes += piece.buffer.count
      }
      if taken == 0 { return done }
      let count = process_vm_readv(thread, targets, UInt(taken), vector, UInt(used), 0)
      if count == bytes {
        done += taken
        continue
      }
      var left = max(0, count)
      while done < pieces.count, left >= pieces[done].buffer.count {
        left -= pieces[done].buffer.count
        done += 1
      }
      return done
    }
    return done
  }
}
