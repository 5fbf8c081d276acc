// Provides `crashctl dump`.

internal import CLinuxShims
internal import LinuxSystem
internal import MinidumpCapture
internal import MinidumpFormat
internal import ProcessMemory
internal import ProcessSnapshot
internal import StructuredValue

/// Writes a minidump of a live process, which goes on afterwards.
enum DumpCommand {
  private static let usage = """
    Usage: crashctl dump PID -o FILE [--style stacks|smart|full] [--heap BYTES] [--environment] [--json]
    Writes a minidump of a live process. The process is stopped meanwhile and goes on afterwards.

      -o, --output FILE  where the dump goes; it appears there when it is complete
      --style STYLE      stacks: stacks and what surrounds registers
                         smart:  also what stacks and registers point to (the default)
                         full:   everything that can be read
      --heap BYTES       limit of what smart takes of heap and variables; 524288 by default
      --environment      also the environment of the process, which may hold secrets
      --json             {"file","bytes","threads","stopped_ms","soft_errors":[]}
    """

  /// What the command line asks for.
  private struct Request {
    var process: Int32 = 0
    var output = FilePath("")
    var options = MinidumpCaptureOptions()
    var limits = CaptureLimits()
    var isJSON = false
  }

  private struct UsageError: Error {
    let message: String
  }

  static func run(_ arguments: [String]) -> Int32 {
    if arguments.contains("--help") || arguments.contains("-h") {
      print(usage)
      return 0
    }
    do {
      let request = try parse(arguments)
      return dump(request)
    } catch {
      complain("crashctl dump: \(error.message)\n\(usage)")
      return 2
    }
  }

  private static func parse(_ arguments: [String]) throws(UsageError) -> Request {
    var request = Request()
    var process: Int32?
    var left = arguments[...]
    while let argument = left.popFirst() {
      func value() throws(UsageError) -> String {
        guard let value = left.popFirst() else { throw UsageError(message: "\(argument) needs a value") }
        return value
      }
      switch argument {
      case "-o", "--output": request.output = FilePath(try value())
      case "--style":
        switch try value() {
        case "stacks": request.options.style = .stacks
        case "smart": request.options.style = .smart
        case "full": request.options.style = .full
        case let style: throw UsageError(message: "there is no style \(style)")
        }
      case "--heap":
        let text = try value()
        guard let bytes = UInt64(text) else { throw UsageError(message: "\(text) is no number of bytes") }
        request.options.heapLimit = bytes
      case "--environment": request.limits.readsEnvironment = true
      case "--json": request.isJSON = true
      default:
        guard process == nil, let number = Int32(argument), number > 0 else {
          throw UsageError(message: "\(argument) is neither a process id nor an option")
        }
        process = number
      }
    }
    guard let process else { throw UsageError(message: "the process id is missing") }
    guard !request.output.isEmpty else { throw UsageError(message: "-o FILE is missing") }
    request.process = process
    request.options.usesSecondThread = true
    return request
  }

  private static func dump(_ request: Request) -> Int32 {
    // A special file, such as a pipe, is written directly; a regular one appears when it is complete.
    let existing = try? FileSystem.status(request.output)
    let isSpecial = existing.map { $0.kind != .regular } ?? false
    let path = isSpecial ? request.output : request.output.addingSuffix(".\(ProcessIdentity.processID()).tmp")
    do {
      let file = try FileSystem.open(path, isSpecial ? [.write] : [.readWrite, .create, .truncate])
      let start = MonotonicInstant.now()
      let stopped = try StoppedProcess.stop(request.process)
      let memory = MemoryAccess.open(process: stopped.processID, thread: stopped.representative)
      let snapshot = ProcessSnapshot.capture(stopped, memory: memory, limits: request.limits)
      let sink = MinidumpFileSink(descriptor: file.rawValue)
      let draft = MinidumpDraft(snapshot, memory: memory.reader, options: request.options)
      let size = draft.needsProcess ? try draft.writeAll(snapshot, to: sink).size : nil
      stopped.detach()
      let milliseconds = Double(MonotonicInstant.now().nanoseconds - start.nanoseconds) / 1e6
      let bytes = try size ?? draft.write(snapshot, to: sink).size
      if !isSpecial { try FileSystem.rename(path, to: request.output) }
      report(request, snapshot, bytes: bytes, milliseconds: milliseconds)
      return 0
    } catch {
      if !isSpecial { try? FileSystem.remove(path) }
      complain("crashctl dump: \(error)")
      return 1
    }
  }

  private static func complain(_ text: String) {
    // Nowhere to complain when this fails.
    var bytes = Array("\(text)\n".utf8)
    bytes.withUnsafeMutableBytes { _ = write(2, $0.baseAddress, $0.count) }
  }

  private static func report(
    _ request: Request, _ snapshot: ProcessSnapshot, bytes: UInt64, milliseconds: Double
  ) {
    let rounded = (milliseconds * 1000).rounded() / 1000
    if request.isJSON {
      let object: StructuredValue = [
        "file": .string(request.output.description), "bytes": StructuredValue(bytes),
        "threads": .integer(Int64(snapshot.threads.count)), "stopped_ms": .double(rounded),
        "soft_errors": .array(snapshot.softErrors.map { .string($0.description) }),
      ]
      print(String(decoding: object.json, as: UTF8.self))
      return
    }
    print("\(request.output): \(bytes) bytes, \(snapshot.threads.count) threads, stopped for \(rounded) ms")
    for error in snapshot.softErrors { print("  missing: \(error)") }
  }
}
