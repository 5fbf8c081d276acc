// Provides crash capture without a process that stands by.
internal import LinuxSystem

extension CrashClient {
  /// Installs everything that a crash needs, but starts the handler only then: the crashing thread makes a child of its
  /// process, which executes the handler. Every Crashpad handler can be used so. It costs no process while all is well;
  /// the price is paid at the crash, where starting a process may fail: memory, limits, a sandbox.
  ///
  /// Attachments must be in the configuration, and uploads of earlier runs wait for a crash.
  ///
  /// - Throws: what went wrong and what to do. Nothing is installed then.
  public static func startAtCrash(
    _ configuration: HandlerConfiguration, hooks: Hooks = Hooks(), excludedSignals: [Int32] = [],
    threadHook: Bool = false
  ) throws(CrashClientError) -> CrashClient {
    try alone { () throws(CrashClientError) -> CrashClient in
      let settings = try CrashSettings(configuration, hooks, excludedSignals, threadHook)
      let executable = try configuration.location.resolve()
      let launch = LaunchPlan(configuration, executable: executable, settings.sanitizationAddress)
      return try install(
        HandlerProcess(atCrash: executable, configuration.dialect),
        fallback: FallbackPlan(configuration, executable: nil, settings.sanitizationAddress), launch: launch, settings)
    }
  }
}
