// Provides the loopback ingest server as a program, for scripts and for trying things by hand.
import CLinuxShims
import LinuxSystem
import SentryNativeTesting

/// `sentry-ingest`: takes reports on 127.0.0.1 and writes them into a folder.
@main enum Main {
  static let usage = """
    Usage: sentry-ingest [OPTION]...
    Takes crash reports and envelopes on 127.0.0.1 as Sentry's endpoints do, and writes each into a folder.

      --directory=DIR     where to write them: DIR/0000, DIR/0001, ... (default: write nothing)
      --port=PORT         the TCP port (default: any free one)
      --requests=N        end after N requests (default: no limit)
      --timeout=SECONDS   end after so long at the latest (default: 60); the status is 1 if N were not reached
      --answer=STATUS     the status of every answer; 429 carries Retry-After: 60 (default: 200)
      --silent            never answer

    On standard output: DSN, MINIDUMP_URL and ENVELOPE_URL as NAME=VALUE lines when it is ready, then a line
    "NUMBER ENDPOINT BYTES" for each request.
    """

  static func main() {
    do {
      exit(try run(Options(CommandLine.arguments.dropFirst())) ? 0 : 1)
    } catch {
      report("sentry-ingest: \(error)")
      exit(2)
    }
  }

  /// - Returns: whether everything that was waited for came.
  static func run(_ options: Options) throws -> Bool {
    if options.help {
      write(usage)
      return true
    }
    let folder = try options.directory.map { try ReportFolder(FilePath($0)) }
    let server = try LoopbackIngestServer(port: options.port, answer: options.answer)
    defer { server.stop() }
    write("DSN=\(server.dsn)\nMINIDUMP_URL=\(server.minidumpURL)\nENVELOPE_URL=\(server.envelopeURL)")
    let deadline = MonotonicInstant.now().advanced(milliseconds: Int64(options.timeout) * 1000)
    var number = 0
    while number < options.requests ?? Int.max {
      let left = deadline.millisecondsFromNow()
      guard left > 0, let request = try? server.nextRequest(timeout: .milliseconds(Int(left))) else { break }
      try folder?.write(request, number: number)
      write("\(number) \(request.endpoint) \(request.body.count)")
      number += 1
    }
    // The last answer is on its way: stop() waits for the connections' threads.
    return options.requests.map { number >= $0 } ?? true
  }

  private static func write(_ line: String) { put(line, to: 1) }
  private static func report(_ line: String) { put(line, to: 2) }

  private static func put(_ line: String, to descriptor: Int32) {
    let bytes = Array((line + "\n").utf8)
    bytes.withUnsafeBytes { buffer in
      var offset = 0
      while offset < buffer.count {
        let count = CLinuxShims.write(descriptor, buffer.baseAddress.map { $0 + offset }, buffer.count - offset)
        if count <= 0 { return }
        offset += count
      }
    }
  }
}
