// Provides a program whose crash client is not ours, under a handler.
import CLinuxShims
import LinuxSystem
import SentryNativeTesting
import Testing
import ZooRuns

/// A program with a client of its own, and the handler that it talks to.
final class Conversation {
  let directory: TemporaryDirectory
  let handler: RunningProcess
  let victim: RunningProcess
  private(set) var termination: ProcessTermination?

  /// Runs both until they have ended.
  ///
  /// - Parameters:
  ///   - wrapper: a program that starts the handler, and its arguments.
  ///   - steps: of the victim, which is to crash in the last one.
  init(
    _ executable: FilePath, client: String, options: [String] = [], keeping kept: [Int32] = [],
    wrapper: [String] = [], steps: [String] = ["die=segv"]
  ) throws {
    directory = try TemporaryDirectory(prefix: "other-client")
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw Errno.current
    }
    let clientEnd = OwnedFileDescriptor(owning: ends[0])
    let handlerEnd = OwnedFileDescriptor(owning: ends[1])
    // Before the first packet, as every client does: the kernel adds the sender's identity when it is sent.
    guard linux_enable_credentials(ends[1]) == 0 else { throw Errno.current }
    var command = wrapper + [executable.description, "--database=\(directory.path)"]
    command += ["--initial-client-fd=\(handlerEnd.rawValue)"] + options
    handler = try RunningProcess(
      FilePath(command[0]), Array(command.dropFirst()), keeping: [handlerEnd.rawValue] + kept)
    do {
      victim = try RunningProcess(
        TestProducts.folder.appending("CrashVictim"),
        ["other-socket=\(clientEnd.rawValue)", "other-client=\(client)"] + steps,
        environment: ["SWIFT_BACKTRACE": "enable=no"], keeping: [clientEnd.rawValue])
    } catch {
      handler.end()
      throw error
    }
    _ = consume handlerEnd
    _ = consume clientEnd
    do {
      termination = try victim.wait()
      #expect(try handler.wait() == .exited(status: 0), "\(handler.errorOutput)")
    } catch {
      end()
      throw error
    }
  }

  func end() {
    victim.end()
    handler.end()
    directory.remove()
  }

  var died: Bool { if case .signaled(11, _)? = termination { true } else { false } }

  func dumps() throws -> [FilePath] { try pendingDumps(directory.path) }
}

func pendingDumps(_ database: FilePath) throws -> [FilePath] {
  let folder = database.appending("pending")
  return try FileSystem.entries(of: folder).map { folder.appending(bytes: $0) }.filter {
    $0.description.hasSuffix(".dmp")
  }
}
