// Provides crash clients that are not ours: those inside of the handlers of Chromium and of Sentry.
import CLinuxShims
import CrashProtocol
import LinuxSystem
import SentryNativeTesting

/// A handler of others that another handler watches (`--monitor-self`). It is a client then, with the client library of
/// its project, which starts the other handler and reports its own crash like any application.
///
/// The watched one starts "its own executable" as the other one, by the path that the kernel tells. In a mount namespace
/// of its own the handler to be tested lies at that path, over the file that runs.
final class WatchedHandler {
  private let folder: TemporaryDirectory
  private let client: OwnedFileDescriptor
  private let dialect: Dialect
  let process: RunningProcess
  var database: FilePath { folder.appending("database") }

  /// Starts it; it has been told `prod=watched` and `ptype=crashpad-handler`.
  ///
  /// - Parameters:
  ///   - watched: the handler of others, whose client library is tested; it is asked in its `dialect`.
  ///   - handler: the one that serves it.
  init(_ watched: FilePath, dialect: Dialect, servedBy handler: FilePath) throws {
    self.dialect = dialect
    folder = try TemporaryDirectory(prefix: "watched")
    do {
      let copy = folder.appending("crashpad_handler")
      let served = folder.appending("served")
      try ProgramFile.copy(watched, to: copy)
      try ProgramFile.copy(handler, to: served)
      var ends: [Int32] = [-1, -1]
      guard socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
        throw Errno.current
      }
      client = OwnedFileDescriptor(owning: ends[0])
      let other = OwnedFileDescriptor(owning: ends[1])
      for end in ends where linux_enable_credentials(end) != 0 { throw Errno.current }
      process = try RunningProcess(
        "/usr/bin/unshare",
        [
          "--mount", "/bin/sh", "-ec",
          "exec 9<\"$1\"; mount --bind \"$2\" \"$1\"; preload=$3; shift 3;"
            + " LD_PRELOAD=$preload exec /proc/self/fd/9 \"$@\"",
          "sh", copy.description, served.description, try Self.signalStack(in: folder).description,
          "--database=\(folder.appending("database"))", "--monitor-self",
          "--monitor-self-annotation=ptype=crashpad-handler", "--annotation=prod=watched",
          "--initial-client-fd=\(other.rawValue)", "--shared-client-connection",
        ], environment: ["SWIFT_BACKTRACE": "enable=no"], keeping: [other.rawValue])
    } catch {
      folder.remove()
      throw error
    }
  }

  /// A library that gives the main thread 64 KiB for its signals, as Sentry's SDK does. Sentry's client library alone
  /// gives it 8 KiB, which its message of 4 KiB and the registers of a machine with AVX-512 overflow.
  private static func signalStack(in folder: TemporaryDirectory) throws -> FilePath {
    let source = folder.appending("stack.c")
    let library = folder.appending("stack.so")
    let text = """
      #include <signal.h>
      static char stack[65536];
      __attribute__((constructor)) static void start(void) {
        stack_t given = {.ss_sp = stack, .ss_size = sizeof stack};
        sigaltstack(&given, 0);
      }
      """
    try FileSystem.write(Array(text.utf8), to: source)
    let result = try RunningProcess.run(
      "/usr/bin/env", ["clang", "-shared", "-fPIC", "-o", library.description, source.description])
    guard result.succeeded else { throw TestKitError(.system, result.errorOutput) }
    return library
  }

  /// Crashes it, once it serves and is watched.
  func crash() throws -> ProcessTermination {
    // It answers when it has started the other one, which it does first.
    let question = try ClientMessage.checkCredentials.encoded(in: dialect)
    let number = client.rawValue
    let sent = question.withUnsafeBytes { buffer in
      buffer.baseAddress.map { linux_send_packet(number, $0, buffer.count) } ?? -1
    }
    let sendError = Errno.current
    var answer = [UInt8](repeating: 0, count: 64)
    let received = sent < 0 ? linux_packet() : linux_receive_packet(client.rawValue, &answer, answer.count)
    guard received.count == 8 else {
      let why = sent < 0 ? "\(sendError)" : "\(received.count) bytes"
      // Its last words come with its end.
      process.end()
      throw TestKitError(
        .system,
        "the watched handler did not answer (\(why)), it ended with \(String(describing: process.termination)):"
          + " \(process.errorOutput)")
    }
    process.send(signal: SIGSEGV)
    return try process.wait()
  }

  func end() {
    process.end()
    folder.remove()
  }
}
