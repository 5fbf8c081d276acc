// Provides sequential reading of one file part.
internal import CLinuxShims
internal import LinuxSystem

/// Reads `BodyContent` to the size that it had when it was opened: a log file that grows meanwhile does not make the
/// body endless.
internal final class ContentReader {
  internal let size: Int64
  private var offset: Int64 = 0
  private let bytes: [UInt8]
  private let number: Int32
  /// Whether `number` is closed at the end.
  private let owned: Bool

  /// - Throws: `bodyUnreadable` when the file is missing, not regular or not readable.
  internal init(_ content: BodyContent) throws(UploaderError) {
    switch content {
    case .bytes(let content):
      bytes = content
      number = -1
      owned = false
      size = Int64(content.count)
    case .descriptor(let descriptor):
      bytes = []
      number = descriptor
      owned = false
      size = try Self.size(of: descriptor, name: "descriptor \(descriptor)")
    case .path(let path), .strictPath(let path):
      do throws(Errno) {
        // Not blocking: opening a FIFO must not wait for a writer.
        var options: FileSystem.OpenOptions = [.nonBlocking]
        if case .strictPath = content { options.insert(.noFollow) }
        number = try FileSystem.open(path, options).release()
      } catch {
        throw UploaderError(.bodyUnreadable, "\(path.description) cannot be opened: \(error.description)")
      }
      bytes = []
      owned = true
      do throws(UploaderError) {
        size = try Self.size(of: number, name: path.description)
      } catch {
        _ = close(number)
        throw error
      }
    }
  }

  deinit { if owned { _ = close(number) } }

  private static func size(of descriptor: Int32, name: String) throws(UploaderError) -> Int64 {
    var record = stat()
    if fstat(descriptor, &record) != 0 {
      throw UploaderError(.bodyUnreadable, "\(name) cannot be examined: \(Errno.current.description)")
    }
    if linux_mode_is_regular(record.st_mode) == 0 {
      throw UploaderError(.bodyUnreadable, "\(name) is not a regular file")
    }
    return Int64(record.st_size)
  }

  /// - Returns: 0 at the end. A file that was cut meanwhile ends early.
  /// - Throws: `bodyUnreadable` on an input error.
  internal func read(into buffer: UnsafeMutableRawBufferPointer) throws(UploaderError) -> Int {
    let wanted = Int(min(Int64(buffer.count), size - offset))
    guard wanted > 0, let base = buffer.baseAddress else { return 0 }
    if number < 0 {
      let start = Int(offset)
      bytes.withUnsafeBufferPointer { source in
        if let from = source.baseAddress { base.copyMemory(from: from + start, byteCount: wanted) }
      }
      offset += Int64(wanted)
      return wanted
    }
    let position = Int(offset)
    do throws(Errno) {
      let count = try retryingInterrupts { pread(number, base, wanted, position) }
      offset += Int64(count)
      return count
    } catch {
      throw UploaderError(.bodyUnreadable, "the body cannot be read at byte \(position): \(error.description)")
    }
  }
}
