// Provides the handler that this project ships: Crashpad's with what Sentry adds.
internal import CLinuxShims
internal import CrashClient
internal import HandlerCore
public import LinuxSystem

/// The handler as a function of its command line.
public enum SentryHandler {
  /// Runs the handler until it has nothing to do any more.
  ///
  /// - Parameter arguments: all of `argv`.
  /// - Returns: the exit status.
  public static func main(_ arguments: [FilePath]) -> Int32 {
    switch HandlerCommandLine.parse(arguments) {
    case .print(let text, let status):
      let bytes = Array(text.utf8)
      bytes.withUnsafeBytes { _ = write(2, $0.baseAddress, $0.count) }
      return status
    case .serve(var options):
      options.delivery = DeliverySettings(environment: EnvironmentVariable.all())
      options.sanitizesStacks =
        EnvironmentVariable.value("SENTRY_NATIVE_STACKS")?.bytes.elementsEqual("sanitized".utf8) ?? false
      let log = HandlerLog(
        threshold: options.logLevel ?? .info, standardErrorThreshold: options.logLevel ?? .error, file: options.logFile)
      return HandlerService.run(options, log: log, extension: SentryExtension(log: log))
    }
  }
}
