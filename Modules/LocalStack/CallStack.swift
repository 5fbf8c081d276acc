// Provides the stack of the calling thread, fast enough for every captured error.
internal import CLinuxShims

/// The return addresses of a thread's frames, the innermost first.
///
/// Frames are found by the chain of frame pointers, and the waiting callers of a Swift async function by its contexts.
/// SwiftPM builds keep frame pointers; a function without one is skipped, or ends the walk when it used the register
/// for something else. An address is never followed unless it lies on the thread's own stack or the kernel could read
/// it, so no stack, however damaged, makes a walk fault. docs/stack-walking.md says more.
public struct CallStack: Hashable, Sendable {
  /// Return addresses. Look names and lines up one byte before each, as the call is what was running.
  ///
  /// For callers that an async function will resume, the address is one byte behind the function's start, so that the
  /// same rule finds it.
  public let addresses: [UInt]

  /// A stack that was walked elsewhere: return addresses, youngest first.
  public init(addresses: [UInt]) { self.addresses = addresses }

  /// The most frames that are found: those beyond are left out.
  public static let greatestLimit = 4096

  /// The stack above the function that calls this: its own address is the first one.
  ///
  /// - Parameter limit: frames at most, up to `greatestLimit`.
  /// - Parameter skipping: how many of the innermost frames are left out.
  @inline(never)
  public init(limit: Int = 128, skipping: Int = 0) {
    let skipped = max(0, min(skipping, Self.greatestLimit))
    let limit = max(0, min(limit, Self.greatestLimit))
    let frame = local_stack_frame()
    addresses = Array(unsafeUninitializedCapacity: limit + skipped) { buffer, count in
      count = Self.walk(from: frame, into: buffer)
      let left = min(skipped, count)
      if left > 0, let base = buffer.baseAddress {
        base.update(from: base + left, count: count - left)
        count -= left
      }
    }
  }

  /// Writes the return addresses of the calling thread's frames into `buffer`, that into the caller first.
  ///
  /// Allocates nothing but on a thread's first call (`pthread_getattr_np`). Not for signal handlers.
  ///
  /// - Parameter limit: frames at most; `buffer.count` and `greatestLimit` bound them, too.
  /// - Returns: how many were written.
  @inline(never)
  public static func current(limit: Int, into buffer: UnsafeMutableBufferPointer<UInt>) -> Int {
    let count = max(0, min(limit, buffer.count, greatestLimit))
    return walk(from: local_stack_frame(), into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
  }

  /// A saved frame pointer and the return address above it, as a function with a frame pointer leaves them.
  private typealias FrameRecord = (saved: UInt, returnAddress: UInt)

  /// The top four bits of a saved frame pointer may mark the frame of an async function.
  ///
  /// Source: "Swift extended frame" in LLVM's X86FrameLowering. On Linux they are cleared, but hardly ever set.
  private static let markShift: UInt = 60
  private static let addressMask: UInt = (1 << 60) - 1
  /// User-space addresses of x86-64 and arm64 are below.
  private static let addressLimit: UInt = 1 << 48
  private static let lowestAddress: UInt = 4096

  private static func walk(from start: UInt, into buffer: UnsafeMutableBufferPointer<UInt>) -> Int {
    let jobRun = local_stack_job_run()
    var frame = start
    var count = 0
    while count < buffer.count {
      guard let record = record(at: frame), isAddress(record.returnAddress) else { break }
      let isAsync = record.saved >> markShift == 1 || isExecutor(record.returnAddress, near: jobRun)
      // An async function keeps its context below its frame. The callers that wait there come before the executor.
      if isAsync, let context = self.record(at: frame &- 8)?.saved {
        count = appendCallers(of: context, to: buffer, from: count)
        if count == buffer.count { break }
      }
      buffer[count] = record.returnAddress
      count += 1
      let next = record.saved & addressMask
      // Towards older frames only, so that no ring of pointers keeps the walk.
      guard next > frame, next & 7 == 0 else { break }
      frame = next
    }
    return count
  }

  /// Whether code belongs to what calls async functions: it lies in one object file with `swift_job_run`.
  private static func isExecutor(_ address: UInt, near jobRun: UInt) -> Bool {
    jobRun != 0 && address &- (jobRun &- executorReach) < 2 * executorReach
  }
  private static let executorReach: UInt = 64 << 10

  /// Adds the functions that the async `context` will resume, if it is one: a list whose every entry leads to code, and
  /// that ends.
  ///
  /// A context starts with its parent and the function that resumes the parent: `AsyncContext` in the Swift project's
  /// include/swift/ABI/Task.h.
  private static func appendCallers(
    of context: UInt, to buffer: UnsafeMutableBufferPointer<UInt>, from start: Int
  ) -> Int {
    guard context != 0 else { return start }
    let modules = LoadedModules.current()
    var count = start
    var current = context
    var steps = 0
    while current != 0 {
      guard steps < 512, current & 7 == 0, let link = read(at: current) else { return start }
      let resume = link.returnAddress & addressMask
      guard isAddress(resume), modules.module(containing: resume) != nil else { return start }
      if count < buffer.count {
        buffer[count] = resume + 1
        count += 1
      }
      steps += 1
      current = link.saved & addressMask
    }
    return count
  }

  private static func isAddress(_ address: UInt) -> Bool { address >= lowestAddress && address < addressLimit }

  private static func record(at frame: UInt) -> FrameRecord? {
    // Above this very function all of the thread's stack is mapped; the record is two words.
    if frame >= local_stack_frame(), local_stack_contains(local_stack_frame()) != 0,
      local_stack_contains(frame &+ 15) != 0,
      let words = UnsafePointer<UInt>(bitPattern: frame)
    {
      return (words[0], words[1])
    }
    // A stack of somebody's own making, such as a coroutine's or a signal handler's.
    return read(at: frame)
  }

  private static func read(at address: UInt) -> FrameRecord? {
    guard isAddress(address) else { return nil }
    var words: (UInt, UInt) = (0, 0)
    let isRead = withUnsafeMutableBytes(of: &words) { bytes -> Bool in
      guard let base = bytes.baseAddress else { return false }
      return local_stack_read(address, base.assumingMemoryBound(to: UInt.self)) != 0
    }
    return isRead ? words : nil
  }
}
