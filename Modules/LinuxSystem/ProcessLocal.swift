// Provides objects of which a forked child gets one of its own.
internal import CLinuxShims

/// Holds one object for each process. After `fork(2)` the child's first access makes a fresh one; the parent's copy is
/// left alone for ever, since its locks may be held by threads that do not exist in the child, and since giving it up
/// would speak over connections that are the parent's.
///
/// Any thread, without a lock. An access costs one system call, `getpid(2)`.
public final class ProcessLocal<Object: AnyObject & Sendable>: @unchecked Sendable {
  // @unchecked: the slot is only touched by atomic operations, and what it points to never changes.
  private final class Box {
    let process: Int32
    let object: Object
    init(process: Int32, object: Object) {
      self.process = process
      self.object = object
    }
  }

  private let slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private let make: @Sendable () -> Object

  /// - Parameter make: makes an object; it may be called by several threads at once, and the one of the fastest is kept.
  public init(_ make: @escaping @Sendable () -> Object) {
    self.make = make
    slot = .allocate(capacity: 1)
    slot.initialize(to: nil)
  }

  deinit {
    if let address = linux_atomic_load(slot) {
      let box = Unmanaged<Box>.fromOpaque(address)
      if box.takeUnretainedValue().process == getpid() { box.release() }
    }
    slot.deallocate()
  }

  /// This process's object.
  public var current: Object {
    let process = getpid()
    let known = linux_atomic_load(slot)
    if let known {
      let box = Unmanaged<Box>.fromOpaque(known).takeUnretainedValue()
      if box.process == process { return box.object }
    }
    let fresh = Unmanaged.passRetained(Box(process: process, object: make()))
    if linux_atomic_exchange_if(slot, known, fresh.toOpaque()) != 0 { return fresh.takeUnretainedValue().object }
    // Another thread was faster, and in this process: boxes are replaced after a fork only.
    fresh.release()
    guard let winner = linux_atomic_load(slot) else { return make() }
    return Unmanaged<Box>.fromOpaque(winner).takeUnretainedValue().object
  }
}
