// Provides a second handler that watches this one.
internal import CrashClient
internal import CrashProtocol
internal import LinuxSystem
internal import Uploader

/// A second handler that captures crashes of this one: `--monitor-self`.
///
/// Source: the order of its arguments is Crashpad's; docs/formats/handler-protocol.md.
enum HandlerMonitor {
  /// Starts it. A handler that cannot be watched serves its clients all the same.
  ///
  /// - Returns: what must live as long as this process is to be watched.
  static func start(_ options: HandlerOptions, log: HandlerLog) -> CrashClient? {
    if options.monitorSelfArguments.contains("--monitor-self") {
      log.warning("--monitor-self-argument=--monitor-self is not supported; this handler is not watched")
      return nil
    }
    var configuration = HandlerConfiguration(databasePath: options.database)
    configuration.dialect = .sentry
    if !options.url.isEmpty { configuration.url = options.url }
    switch options.proxy {
    case .environment: break
    case .none: configuration.httpProxy = "<empty>"
    case .url(let proxy): configuration.httpProxy = proxy
    }
    // Crashpad reads its own annotations out of the watched handler; here the watching one is told them.
    let own = options.monitorSelfAnnotations
    configuration.annotations = options.annotations.filter { pair in !own.contains { $0.key == pair.key } }
      .map { ($0.key, $0.value) }
    for (index, pair) in own.enumerated() where !own[(index + 1)...].contains(where: { $0.key == pair.key }) {
      configuration.annotations.append((pair.key, pair.value))
    }
    configuration.extraArguments = arguments(options)
    // Clients wait for this handler's first answer, up to two seconds in ours.
    configuration.startTimeout = 1000
    guard let executable = try? FileSystem.executable() else {
      log.warning("this handler is not watched: /proc/self/exe cannot be read")
      return nil
    }
    configuration.location = .path(executable)
    do throws(CrashClientError) {
      return try CrashClient.start(configuration)
    } catch {
      log.warning("this handler is not watched: \(error)")
      return nil
    }
  }

  private static func arguments(_ options: HandlerOptions) -> [FilePath] {
    var list = options.monitorSelfArguments
    if !options.identifyClientViaURL { list.append("--no-identify-client-via-url") }
    list.append("--no-periodic-tasks")
    if !options.rateLimit { list.append("--no-rate-limit") }
    if !options.uploadGzip { list.append("--no-upload-gzip") }
    list += options.monitorSelfAnnotations.map { FilePath("--monitor-self-annotation=\($0.key)=\($0.value)") }
    return list
  }
}
