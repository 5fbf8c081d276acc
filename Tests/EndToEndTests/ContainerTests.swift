// Provides crashes in containers: a root with a program and the libraries that it needs to start, nothing else.
import CLinuxShims
import CrashDatabase
import LinuxSystem
import SentryNativeTesting
import Testing
import ZooRuns

/// The root of a container image, with one program that is its own handler.
private struct MinimalImage {
  let folder: TemporaryDirectory
  private var root: FilePath { folder.appending("root") }
  /// Mounted at `/data`: what a container keeps.
  var data: FilePath { folder.appending("data") }

  /// - Parameter libraries: further files that are copied with what they need.
  init(libraries: [String] = []) throws {
    folder = try TemporaryDirectory(prefix: "image")
    try #require(chmod(folder.path.description, 0o755) == 0)
    for name in ["root", "root/app", "root/proc", "root/dev", "root/data", "root/tmp", "data"] {
      try FileSystem.createDirectory(folder.appending(name))
      try #require(chmod(folder.appending(name).description, name == "data" || name == "root" ? 0o777 : 0o755) == 0)
    }
    try FileSystem.write([], to: folder.appending("root/dev/null"))
    try copy(TestProducts.folder.appending("SelfHandlerFixture"), to: "/app/program")
    for library in libraries {
      let files = try RunningProcess.run("/bin/sh", ["-c", "ldconfig -p | sed -n 's/.* => //p' | grep /\(library) "])
      let file = try #require(files.output.split(separator: "\n").first, "there is no \(library) here")
      try copy(FilePath(String(file)), to: "/lib/\(library)")
    }
  }

  /// Copies a file, and what the loader says that it needs, each to where the loader looks for it.
  private func copy(_ file: FilePath, to place: String) throws {
    let script = """
      set -e
      cp -L "$1" "$2$3"
      ldd "$1" | sed -nE 's/.*=> (\\/[^ ]*) .*/\\1/p; s/^[[:space:]]*(\\/[^ ]*) .*/\\1/p' | while read -r file; do
        case $file in */ld-linux*) mkdir -p "$2/lib64"; cp -L "$file" "$2/lib64/";; esac
        mkdir -p "$2/lib/x86_64-linux-gnu" "$2/lib"
        cp -nL "$file" "$2/lib/x86_64-linux-gnu/"
      done
      """
    let result = try RunningProcess.run("/bin/sh", ["-c", script, "sh", file.description, root.description, place])
    try #require(result.termination == .exited(status: 0), "\(result.errorOutput)")
  }

  /// Runs the program as a container engine does: process 1 of its namespace, a user without capabilities, the root
  /// read-only, `/data` writable. All of it ends with the program.
  func run(_ arguments: [String]) throws -> (termination: ProcessTermination, output: String, errors: String) {
    let script = """
      set -e
      mount --bind "$1/root" "$1/root"
      mount -t proc proc "$1/root/proc"
      mount --bind /dev/null "$1/root/dev/null"
      mount --bind "$1/data" "$1/root/data"
      mount -o remount,bind,ro "$1/root"
      root=$1/root
      shift
      exec /usr/sbin/chroot --userspec=65534:65534 "$root" /app/program "$@"
      """
    let result = try RunningProcess.run(
      "/usr/bin/unshare",
      ["--mount", "--pid", "--fork", "--kill-child", "/bin/sh", "-c", script, "sh", folder.path.description]
        + arguments,
      environment: [
        "SWIFT_BACKTRACE": "enable=no", "LD_LIBRARY_PATH": "/lib/x86_64-linux-gnu", "SENTRY_DSN": nil,
      ])
    return (result.termination, result.output, result.errorOutput)
  }

  func reports() throws -> (pending: [Report], completed: [Report]) {
    let database = try CrashDatabase(path: data.appending("sentry"), create: false)
    return (try database.pendingReports(), try database.completedReports())
  }
}

@Suite(.timeLimit(.minutes(10)), .enabled(if: geteuid() == 0, "needs root for namespaces and mounts"))
struct `A container with a program and nothing else` {
  @Test func `keeps its report where there is no libcurl, and says what is missing`() throws {
    let server = try LoopbackIngestServer()
    defer { server.stop() }
    let image = try MinimalImage()
    defer { image.folder.remove() }
    let (_, output, errors) = try image.run(["/data/sentry", server.dsn])
    #expect(output.contains("main of process 1, user 65534"), "\(output) \(errors)")
    #expect(output.contains("read-only root: true"), "\(output)")
    #expect(output.contains("libcurl"), "health says so: \(output)")
    #expect(server.requests.isEmpty)
    let (pending, completed) = try image.reports()
    #expect(pending.count == 1 && completed.isEmpty)
  }

  @Test func `delivers its report before it ends, where libcurl is there`() throws {
    // A slow server: without the wait the container would be gone before its answer.
    let server = try LoopbackIngestServer(answer: .delayed(milliseconds: 1000, then: .accepted))
    defer { server.stop() }
    let image = try MinimalImage(libraries: ["libcurl.so.4", "libz.so.1"])
    defer { image.folder.remove() }
    let (_, output, errors) = try image.run(["/data/sentry", server.dsn])
    #expect(output.contains("main of process 1, user 65534"), "\(output) \(errors)")
    #expect(output.contains("issues: []"), "\(output) \(errors)")
    #expect(server.requests.contains { $0.endpoint == .minidump }, "\(output) \(errors)")
    let (pending, completed) = try image.reports()
    #expect(pending.isEmpty)
    #expect(completed.first?.metadata.isUploaded == true)
  }

  @Test func `is held up by a server that is silent no longer than it allows, and keeps its report`() throws {
    let server = try LoopbackIngestServer(answer: .silence)
    defer { server.stop() }
    let image = try MinimalImage(libraries: ["libcurl.so.4", "libz.so.1"])
    defer { image.folder.remove() }
    // By itself it would wait a minute, and longer than the runner does.
    let (_, output, errors) = try image.run(["/data/sentry", server.dsn, "3"])
    #expect(output.contains("main of process 1"), "\(output) \(errors)")
    let database = try CrashDatabase(path: image.data.appending("sentry"), create: false)
    let survey = try database.survey()
    #expect(survey.count == 1 && survey.first?.stage != .completed)
  }
}
