// Provides what a verb says: its result on standard output, complaints on standard error.
internal import CLinuxShims
internal import LinuxSystem

/// The standard streams of a verb.
enum Terminal {
  /// Whether text may be coloured.
  static var isColoured: Bool { isatty(STDOUT_FILENO) == 1 && EnvironmentVariable.value("NO_COLOR") == nil }

  /// Writes to standard output.
  ///
  /// - Returns: `status`, or 1 when nobody takes the output.
  static func write(_ bytes: [UInt8], status: Int32 = 0) -> Int32 {
    let output = OwnedFileDescriptor(owning: STDOUT_FILENO)
    var result = status
    do throws(Errno) { try output.writeAll(bytes) } catch { result = 1 }
    // The stream belongs to the process.
    _ = output.release()
    return result
  }

  static func write(_ text: String, status: Int32 = 0) -> Int32 { write(Array(text.utf8), status: status) }

  static func write(_ value: JSONValue, status: Int32 = 0) -> Int32 {
    var bytes: [UInt8] = []
    value.write(to: &bytes)
    bytes.append(UInt8(ascii: "\n"))
    return write(bytes, status: status)
  }

  /// - Returns: `status`, for the caller to end with.
  @discardableResult
  static func complain(_ text: String, status: Int32 = 1) -> Int32 {
    StandardError.write(Array("\(TextReport.printable(text))\n".utf8))
    return status
  }

  /// A mistake in the command line.
  static func usage(_ verb: String, _ error: CommandUsageError) -> Int32 {
    complain("crashctl \(verb): \(error.message); crashctl \(verb) --help tells more", status: 2)
  }
}
