// Provides an upload pass in its process.
internal import CLinuxShims
internal import LinuxSystem

/// An upload pass in its process, and the pipe through which its records come.
struct RunningPass: ~Copyable {
  private let child: ChildProcess
  private let exit: OwnedFileDescriptor
  private let records: OwnedFileDescriptor

  /// Starts the process.
  ///
  /// - Parameter body: runs in the child; its argument writes a record, its result is the exit status.
  init(_ body: ((([UInt8]) -> Void)) -> Int32) throws(Errno) {
    let ends = try Pipe.open()
    let reading = OwnedFileDescriptor(owning: ends.reading)
    // Closed here at the end of the initialiser, so that the child's end is the only one.
    let writing = OwnedFileDescriptor(owning: ends.writing)
    let number = writing.rawValue
    let process = try ChildProcess.fork {
      body { bytes in
        bytes.withUnsafeBytes { _ = write(number, $0.baseAddress, $0.count) }
      }
    }
    exit = try process.exitDescriptor()
    child = process
    records = reading
  }

  /// Readable when the process has ended.
  var exitDescriptor: Int32 { exit.rawValue }

  /// Waits for the process and takes what it left in the pipe.
  ///
  /// Not the end of the pipe: that comes only when every copy of the writing end is closed, and one may outlive the
  /// process. A handler whose close(2) failed once waited here forever.
  consuming func end() -> (records: [UInt8], termination: ProcessTermination?) {
    let termination = try? child.wait()
    return (records.readAvailable(limit: 1 << 20), termination)
  }
}

extension RunningPass? {
  var exitDescriptor: Int32? {
    switch self {
    case .some(let pass): pass.exitDescriptor
    case .none: nil
    }
  }
}
