// Provides the command line of a handler that the crashing thread starts.
internal import CLinuxShims
internal import LinuxSystem

/// The command line of a handler that the crashing thread starts.
internal struct LaunchPlan {
  private let configuration: HandlerConfiguration
  private let executable: FilePath

  /// Publishes it.
  init(_ configuration: HandlerConfiguration, executable: FilePath, _ sanitization: UInt64) {
    self.configuration = configuration
    self.executable = executable
    let state = crash_path()
    sanitize(sanitization)
    state.pointee.launch_environment = UnsafeRawPointer(makeCStringArray(configuration.fullEnvironment()))
    state.pointee.launch_path = UnsafeRawPointer(makeCStringArray([executable])[0])
  }

  /// Names other rules for sanitized reports; 0: none.
  func sanitize(_ address: UInt64) {
    let state = crash_path()
    // The strings and their list stay: a crashing thread may read them at any time.
    func arguments(_ record: UnsafeMutablePointer<crash_record>) -> UnsafeRawPointer {
      UnsafeRawPointer(
        makeCStringArray(
          configuration.arguments(executable: executable, record: UInt(bitPattern: record), sanitization: address)))
    }
    state.pointee.launch_arguments.0 = arguments(crash_record_shared())
    state.pointee.launch_arguments.1 = arguments(crash_simulated_record())
  }
}
