// Provides pipes.
internal import CLinuxShims

/// A pipe whose ends are close-on-exec: `pipe2(2)`.
public enum Pipe {
  /// Both ends as numbers, to be owned at once: noncopyable values do not fit a tuple.
  public static func open() throws(Errno) -> (reading: Int32, writing: Int32) {
    var ends: [Int32] = [-1, -1]
    let result = ends.withUnsafeMutableBufferPointer { linux_pipe($0.baseAddress) }
    if result < 0 { throw .current }
    return (ends[0], ends[1])
  }
}
