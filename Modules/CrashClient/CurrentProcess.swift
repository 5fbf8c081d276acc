// Provides what this process says of itself.
internal import CLinuxShims
internal import LinuxSystem

internal enum CurrentProcess {
  static var id: Int32 { getpid() }

  /// The threads of this process by their numbers. Empty without /proc.
  static var threads: [Int32] {
    guard let entries = try? FileSystem.entries(of: "/proc/self/task") else { return [] }
    return entries.compactMap { Int32(String(decoding: $0, as: UTF8.self)) }
  }

  /// Whether `thread` blocks `signal`; `true` when it cannot be told.
  static func isBlocked(_ signal: Int32, in thread: Int32) -> Bool {
    guard let status = try? FileSystem.read(FilePath("/proc/self/task/\(thread)/status"), limit: 1 << 16) else {
      return true
    }
    let key = Array("SigBlk:\t".utf8)
    for line in status.split(separator: UInt8(ascii: "\n")) where line.starts(with: key) {
      guard let mask = UInt64(String(decoding: line.dropFirst(key.count), as: UTF8.self), radix: 16) else { break }
      return mask & crash_signal_bit(signal) != 0
    }
    return true
  }
}
