// Provides a program with a client of its own, alone or with others on the socket of a handler that somebody else started.
import CLinuxShims
package import CrashProtocol
import LinuxSystem
import SentryNativeTesting

/// CrashVictim's other clients on one end of a socket, any handler on the other, each under a program that starts it.
package final class PrivateRun {
  package let directory: TemporaryDirectory
  package let handler: RunningProcess
  package let victim: RunningProcess
  package private(set) var termination: ProcessTermination?
  package private(set) var handlerTermination: ProcessTermination?

  /// Runs both until they have ended.
  ///
  /// - Parameters:
  ///   - client: one of the victim's other clients; or `joining`: ours, in that dialect.
  ///   - handlerUnder, clientUnder: programs that start handler and client, with their arguments.
  ///   - steps: of the victim, before its death.
  package init(
    _ executable: FilePath, client: String = "", joining dialect: Dialect? = nil, options: [String] = [],
    handlerUnder: [String] = [],
    clientUnder: [String] = [], steps: [String] = [], death: String = "segv"
  ) throws {
    directory = try TemporaryDirectory(prefix: "private-run")
    // Another user than this one makes the database.
    guard chmod(directory.path.description, 0o777) == 0 else { throw Errno.current }
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw Errno.current
    }
    let clientEnd = OwnedFileDescriptor(owning: ends[0])
    let handlerEnd = OwnedFileDescriptor(owning: ends[1])
    for end in ends where linux_enable_credentials(end) != 0 { throw Errno.current }
    let database = directory.appending("database")
    let serve =
      handlerUnder + [executable.description, "--database=\(database)", "--initial-client-fd=\(handlerEnd.rawValue)"]
      + options
    handler = try RunningProcess(FilePath(serve[0]), Array(serve.dropFirst()), keeping: [handlerEnd.rawValue])
    let crash =
      clientUnder + [
        TestProducts.folder.appending("CrashVictim").description
      ]
      + (dialect.map { ["join=\(clientEnd.rawValue)::\($0):private"] } ?? [
        "other-socket=\(clientEnd.rawValue)", "other-client=\(client)",
      ]) + steps + ["waiting-thread", "die=\(death)"]
    do {
      victim = try RunningProcess(
        FilePath(crash[0]), Array(crash.dropFirst()), environment: ["SWIFT_BACKTRACE": "enable=no"],
        keeping: [clientEnd.rawValue])
    } catch {
      handler.end()
      throw error
    }
    _ = consume handlerEnd
    _ = consume clientEnd
    do {
      termination = try victim.wait()
      handlerTermination = try handler.wait()
    } catch {
      end()
      throw error
    }
  }

  package func end() {
    victim.end()
    handler.end()
    directory.remove()
  }

  /// By its own signal.
  package var died: Bool { if case .signaled(11, _)? = termination { true } else { false } }

  /// For messages of failed expectations.
  package var story: String {
    "\(String(describing: termination)) \(victim.output) \(victim.errorOutput) \(handler.errorOutput)"
  }

  package func dumps() -> [FilePath] {
    let folder = directory.appending("database/pending")
    return ((try? FileSystem.entries(of: folder)) ?? []).map { folder.appending(bytes: $0) }.filter {
      $0.description.hasSuffix(".dmp")
    }
  }
}
