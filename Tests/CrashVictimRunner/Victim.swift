// Provides runs of the victim for the tests of the crash path and of the crash client.
internal import CLinuxShims
public import LinuxSystem

/// One run of the victim: what it printed, what the scripted handler saw, and how it ended.
public struct Victim: Sendable {
  public let termination: ProcessTermination?
  /// Lines of its standard output.
  public let output: [String]
  /// Lines of the scripted handler's log at the time of the victim's end.
  public let peer: [String]
  public let milliseconds: Int64
  /// Lines of its standard error.
  public let errors: [String]

  /// Where the victim is: beside the test bundle, or where `SENTRY_TEST_VICTIM` says, for victims of another build:
  /// optimised, with the standard library inside, fully static.
  public static func executable() throws -> FilePath {
    if let path = EnvironmentVariable.value("SENTRY_TEST_VICTIM") { return path }
    return try FileSystem.executable().directory.appending("CrashVictim")
  }

  /// Runs the victim with `steps`; the handler is the victim's own executable unless `handler` names another.
  ///
  /// - Parameters:
  ///   - mode: of the scripted handler; see `Peer.swift` of the victim.
  ///   - environment: more `KEY=VALUE` strings for the victim.
  ///   - untilPeer: waits, after the victim's end, for a line of the handler's log that begins so.
  public static func run(
    _ steps: [String], mode: String = "answer", handler: String? = nil, environment: [String] = [],
    backtrace: Bool = false, untilPeer: String? = nil
  ) throws -> Victim {
    let folder = try TemporaryFolder()
    let log = folder.path.appending("peer.log")
    let output = OwnedFileDescriptor(owning: linux_memfd_create("output", 1))
    let errors = OwnedFileDescriptor(owning: linux_memfd_create("errors", 1))
    let executable = try executable()
    let handler = handler ?? executable.description
    var variables = EnvironmentVariable.all().filter { !$0.description.hasPrefix("SWIFT_BACKTRACE=") }
    variables += ["PEER_MODE=\(mode)", "PEER_LOG=\(log)"].map { FilePath($0) } + environment.map { FilePath($0) }
    if !backtrace { variables.append("SWIFT_BACKTRACE=enable=no") }

    let begin = MonotonicInstant.now()
    let child = try ChildProcess.spawn(
      executable,
      arguments: ([executable.description, "handler=\(handler)", "database=\(folder.path)"] + steps).map {
        FilePath($0.replacing("FOLDER", with: folder.path.description))
      }, environment: variables,
      output: .descriptor(output.rawValue), error: .descriptor(errors.rawValue))
    var termination = try child.wait(milliseconds: 120_000)
    if termination == nil {
      child.send(signal: SIGKILL)
      _ = try child.wait()
      termination = nil
    }
    let end = MonotonicInstant.now()
    func lines(_ descriptor: borrowing OwnedFileDescriptor) throws -> [String] {
      lseek(descriptor.rawValue, 0, SEEK_SET)
      return String(decoding: try descriptor.readToEnd(limit: 1 << 22), as: UTF8.self).split(separator: "\n")
        .map(String.init)
    }
    func peerLines() -> [String] {
      ((try? FileSystem.read(log)) ?? []).split(separator: UInt8(ascii: "\n")).map {
        String(decoding: $0, as: UTF8.self)
      }
    }
    if let untilPeer {
      let deadline = MonotonicInstant.now().advanced(milliseconds: 60_000)
      while !peerLines().contains(where: { $0.hasPrefix(untilPeer) }), deadline.millisecondsFromNow() > 0 {
        usleep(1000)
      }
    }
    return Victim(
      termination: termination, output: try lines(output), peer: peerLines(),
      milliseconds: (end.nanoseconds - begin.nanoseconds) / 1_000_000, errors: try lines(errors))
  }

  /// The dump requests that the scripted handler saw.
  public var dumps: [String] { peer.filter { $0.hasPrefix("dump ") } }

  /// Whether the process died of `signal`.
  public func died(of signal: Int32) -> Bool {
    if case .signaled(signal, _)? = termination { return true }
    return false
  }

  /// The value of `key=` in the first line of `lines` that begins with `prefix`.
  public static func value(_ key: String, _ prefix: String, in lines: [String]) -> String? {
    guard let line = lines.first(where: { $0.hasPrefix(prefix) }) else { return nil }
    return line.split(separator: " ").first { $0.hasPrefix("\(key)=") }.map { String($0.dropFirst(key.count + 1)) }
  }
}

/// A folder that is gone afterwards.
public final class TemporaryFolder: Sendable {
  public let path: FilePath

  public init() throws {
    path = FileSystem.temporaryDirectory.appending("crash-victim-\(UniqueID.random())")
    try FileSystem.createDirectories(path)
  }

  deinit {
    // A handler that outlives its client by a moment writes another line into its log: not in here.
    let last = path.addingSuffix("-gone")
    try? FileSystem.rename(path, to: last)
    for _ in 0..<100 where FileSystem.exists(last) {
      try? FileSystem.removeTree(last)
      if FileSystem.exists(last) { usleep(10_000) }
    }
  }
}
