// Provides the most memory that a process has had.
import LinuxSystem

/// What the kernel says of a process's memory. Source: `VmHWM` of proc_pid_status(5).
public enum PeakMemory {
  /// The most bytes of a process that were in memory at once so far.
  ///
  /// - Parameter process: its number; `nil` for this one, whose tests all count together: measure in a process of its own.
  /// - Throws: when there is no such process.
  public static func bytes(of process: Int32? = nil) throws -> Int {
    let file = FilePath("/proc/\(process.map { "\($0)" } ?? "self")/status")
    let status = String(decoding: try FileSystem.read(file), as: UTF8.self)
    for line in status.split(separator: "\n") where line.hasPrefix("VmHWM:") {
      for word in line.split(whereSeparator: { $0 == " " || $0 == "\t" }) {
        if let kilobytes = Int(word) { return kilobytes * 1024 }
      }
    }
    throw TestKitError(.malformed, "no VmHWM in \(status)")
  }
}
