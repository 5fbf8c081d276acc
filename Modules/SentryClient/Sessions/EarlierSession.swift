// Provides how an earlier run ended.
internal import LinuxSystem
internal import SentryEnvelope

/// How a dead run ended, by its folder and its own report.
internal struct EarlierSession {
  let ending: RunEnding
  /// What the run wrote of itself; `nil`: nothing, as other SDKs do.
  private let process: [UInt8]?

  /// - Parameters:
  ///   - folder: the dead run's directory.
  ///   - crashTime: when its own report was made; `nil`: it has none, and did not crash.
  ///   - now: this process; `nil`: not known.
  init(_ folder: FilePath, crashTime: EventTime?, now current: RunProcess? = RunProcess.current()) {
    process = try? FileSystem.readRegular(folder.appending(RunFiles.process), limit: 4096)
    ending = Self.ending(folder, crashTime, process, current)
  }

  private static func ending(
    _ folder: FilePath, _ crashTime: EventTime?, _ process: [UInt8]?, _ current: RunProcess?
  ) -> RunEnding {
    if let crashTime { return .crashed(crashTime) }
    // Another SDK's run: its session says itself how long it was.
    guard let process else { return .abnormal(lastSign: nil) }
    let lastSign = lastSign(folder)
    // The same process is another program now: what it was before ended by its own will.
    if let current, RunProcess(json: process) == current { return .exited(lastSign) }
    return .abnormal(lastSign: lastSign)
  }

  /// What is known of the run beside what it left.
  func run(_ remains: RunRemains, bootID: String? = RunProcess.current()?.bootID) -> EarlierRun {
    EarlierRun(ending: kind(remains, bootID), lastSign: ending.time)
  }

  private func kind(_ remains: RunRemains, _ bootID: String?) -> EarlierRun.Ending {
    switch ending {
    case .crashed: return .crashed
    case .exited: return .exited
    case .abnormal: break
    }
    if remains.session?.status == .exited { return .exited }
    if let file = process, let process = RunProcess(json: file), let bootID {
      if process.bootID != bootID { return .reboot }
      if let group = RunGroup(json: file), let kills = ControlGroup.outOfMemoryKills(group.path),
        kills > group.outOfMemoryKills
      {
        return .outOfMemory
      }
    }
    return remains.session == nil ? .unknown : .killed
  }

  /// When a file of the folder was last written.
  private static func lastSign(_ folder: FilePath) -> EventTime? {
    var latest: Timestamp?
    for name in (try? FileSystem.entries(of: folder)) ?? [] {
      guard let status = try? FileSystem.status(folder.appending(bytes: name), followLinks: false),
        status.kind == .regular
      else { continue }
      if latest.map({ $0 < status.modified }) ?? true { latest = status.modified }
    }
    return latest.map { EventTime(seconds: $0.seconds, nanoseconds: $0.nanoseconds) }
  }

  /// Reads what a run left.
  static func remains(_ folder: FilePath) -> RunRemains {
    RunRemains { name in
      let path = folder.appending(name)
      // Opening a pipe would wait for its other end.
      guard (try? FileSystem.status(path, followLinks: false))?.kind == .regular else { return nil }
      return try? FileSystem.readRegular(path, limit: RunFiles.limit)
    }
  }
}
