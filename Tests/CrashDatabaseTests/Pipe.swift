// Provides a pipe between a test and its child.
import CLinuxShims
import LinuxSystem

final class Pipe {
  let reader: OwnedFileDescriptor
  private var writerSlot: OwnedFileDescriptor?
  var writer: Int32 { writerSlot?.rawValue ?? -1 }

  init() throws(Errno) {
    var numbers: [Int32] = [0, 0]
    _ = try retryingInterrupts { pipe2(&numbers, O_CLOEXEC) }
    reader = OwnedFileDescriptor(owning: numbers[0])
    writerSlot = OwnedFileDescriptor(owning: numbers[1])
  }

  func closeWriter() { writerSlot = nil }

  /// Waits for one line.
  func readLine() throws(Errno) -> String {
    var line: [UInt8] = []
    while line.last != UInt8(ascii: "\n") {
      var byte = [UInt8](repeating: 0, count: 1)
      let count = try byte.withUnsafeMutableBufferPointer { (buffer) throws(Errno) in
        try reader.read(into: UnsafeMutableRawBufferPointer(buffer))
      }
      if count == 0 { break }
      line += byte
    }
    return String(decoding: line, as: UTF8.self)
  }
}
