// Provides memory whose content a crash reports: complete up to a count at any moment.
internal import CLinuxShims
internal import LinuxSystem

/// Bytes at a place that the crashing thread knows. Grows by a system call, rarely; nothing else here makes one.
///
/// Not thread safe; the crashing thread may read at any moment.
internal final class CrashMemory {
  private let published: UnsafeMutablePointer<crash_bytes>
  // `exclusivity(unchecked)`: whoever calls sees to it that there is one caller at a time, and what is checked at each
  // access is a good part of what a tag costs.
  @exclusivity(unchecked) private var base: UnsafeMutableRawPointer?
  @exclusivity(unchecked) private var capacity = 0
  /// Where the bytes were before: the crashing thread may still be reading there.
  private var retired: (base: UnsafeMutableRawPointer, capacity: Int)?
  /// Bytes that are complete.
  @exclusivity(unchecked) private(set) var count = 0
  /// Bytes beyond which it does not grow.
  private let limit: Int

  /// - Parameter published: the words that the crashing thread reads.
  init(_ published: UnsafeMutablePointer<crash_bytes>, limit: Int) {
    self.published = published
    self.limit = limit
    crash_publish64(crash_bytes_count(published), 0)
  }

  /// Nobody may read it from now on. Where it is said what can be read may be gone when this ends.
  func withdraw() {
    crash_publish64(crash_bytes_count(published), 0)
    crash_publish64(crash_bytes_address(published), 0)
  }

  deinit {
    if let base { _ = munmap(base, capacity) }
    if let retired { _ = munmap(retired.base, retired.capacity) }
  }

  /// Empties it.
  func removeAll() { publish(0) }

  /// Says how many bytes are complete.
  func publish(_ count: Int) {
    self.count = count
    crash_publish64(crash_bytes_count(published), UInt64(count))
  }

  /// Stores bytes that are not complete yet.
  ///
  /// - Returns: `false` when there is no room; nothing changes then.
  func store(_ bytes: [UInt8], at offset: Int) -> Bool {
    let needed = offset + bytes.count
    guard needed <= capacity || reserve(needed), let base else { return false }
    bytes.withUnsafeBytes { source in
      if let start = source.baseAddress { (base + offset).copyMemory(from: start, byteCount: source.count) }
    }
    return true
  }

  /// Appends to what is complete.
  func append(_ bytes: [UInt8]) -> Bool {
    if !store(bytes, at: count) { return false }
    publish(count + bytes.count)
    return true
  }

  /// A copy of what is complete.
  var bytes: [UInt8] { Array(UnsafeRawBufferPointer(start: base, count: base == nil ? 0 : count)) }

  private func reserve(_ needed: Int) -> Bool {
    if needed > limit { return false }
    let size = max(64 * 1024, capacity * 2, (needed + 4095) & ~4095)
    guard let fresh = linux_map_anonymous(size) else { return false }
    if let base { fresh.copyMemory(from: base, byteCount: capacity) }
    // The crashing thread may be reading the old place: it has the same bytes, and stays until the next growth.
    crash_publish64(crash_bytes_address(published), UInt64(UInt(bitPattern: fresh)))
    if let retired { _ = munmap(retired.base, retired.capacity) }
    retired = base.map { ($0, capacity) }
    base = fresh
    capacity = size
    return true
  }
}
