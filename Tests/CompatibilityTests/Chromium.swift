// Provides a real browser that starts a handler of ours, or its own.
import CLinuxShims
import LinuxSystem
import SentryNativeTesting

/// A copy of Debian's browser with a handler in place of its own.
final class Chromium {
  let directory: TemporaryDirectory
  let process: RunningProcess
  var database: FilePath { directory.appending("database") }

  /// Starts a headless browser at `page`.
  ///
  /// - Parameter sandboxed: as it really runs: not as root, its renderers in namespaces and under seccomp filters.
  init(_ handler: FilePath, page: String, options: [String] = [], sandboxed: Bool = false) throws {
    directory = try TemporaryDirectory(prefix: "c")
    do {
      let folder = directory.appending("browser")
      // Hard links where that is possible: it is 360 MB. The handler's place must not be written through a link.
      let copied = try RunningProcess.run(
        "/bin/sh",
        [
          "-ec",
          "cp -al \"$1\" \"$2\" 2>/dev/null || { rm -rf \"$2\"; cp -a \"$1\" \"$2\"; }; rm \"$2/$3\"; cp \"$4\" \"$2/$3\"",
          "sh", try Peers.chromium().directory.description, folder.description, "chrome_crashpad_handler",
          handler.description,
        ])
      guard copied.succeeded else { throw TestKitError(.system, copied.errorOutput) }
      try FileSystem.createDirectory(directory.appending("database"))
      let user = 65534
      let isRoot = geteuid() == 0
      if sandboxed && isRoot {
        for path in [directory.path, directory.appending("database")] {
          if path.withCString({ chown($0, uid_t(user), gid_t(user)) }) != 0 { throw Errno.current }
        }
      }
      let command =
        (sandboxed && isRoot
          ? ["/usr/bin/setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups"] : [])
        + [folder.appending("chromium").description] + (sandboxed ? [] : ["--no-sandbox"])
      process = try RunningProcess(
        FilePath(command[0]),
        command.dropFirst() + [
          "--headless=new", "--disable-gpu", "--allow-chrome-scheme-url",
          "--user-data-dir=\(directory.appending("profile"))",
        ] + options + [page],
        environment: [
          "BREAKPAD_DUMP_LOCATION": directory.appending("database").description,
          // The other user may not write where the tests do.
          "HOME": directory.path.description, "TMPDIR": directory.path.description,
          "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        ])
    } catch {
      directory.remove()
      throw error
    }
  }

  /// Lines in which the crash client of Chromium or our handler complains.
  var complaints: [Substring] {
    process.errorOutput.split(separator: "\n").filter { line in
      line.contains("ERROR")
        && (line.contains("crashpad") || line.contains("crash_reporter") || line.contains(".swift:"))
    }
  }

  func end() {
    process.end()
    directory.remove()
  }

  func dumps() -> [FilePath] {
    let folder = database.appending("pending")
    return ((try? FileSystem.entries(of: folder)) ?? []).map { folder.appending(bytes: $0) }.filter {
      $0.description.hasSuffix(".dmp")
    }
  }

  /// The first dump, once it is there.
  func dump() throws -> FilePath {
    do {
      try waitUntil("Chromium leaves a dump") { !dumps().isEmpty }
    } catch {
      throw TestKitError(.missing, "\(error): \(process.errorOutput)")
    }
    return dumps()[0]
  }
}
