// Provides a second handler that watches this one.
internal import CLinuxShims
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
    // The watching handler finds those of --monitor-self-annotation in this one's memory. In an upload an annotation of
    // the process would win over them.
    let own = options.monitorSelfAnnotations
    configuration.annotations = options.annotations.filter { pair in !own.contains { $0.key == pair.key } }
      .map { ($0.key, $0.value) }
    configuration.extraArguments = arguments(options)
    // Clients wait for this handler's first answer, up to two seconds in ours.
    configuration.startTimeout = 1000
    guard let executable = try? FileSystem.executable() else {
      log.warning("this handler is not watched: /proc/self/exe cannot be read")
      return nil
    }
    configuration.location =
      self_handler_state() & UInt32(SELF_HANDLER_ACTS) != 0 ? .thisProgram : .path(executable)
    do throws(CrashClientError) {
      return try CrashClient.start(configuration)
    } catch {
      log.warning("this handler is not watched: \(error)")
      return nil
    }
  }

  /// Puts the annotations of this handler into its own memory, where whoever watches it finds them.
  static func annotate(_ options: HandlerOptions, log: HandlerLog) {
    for pair in options.monitorSelfAnnotations {
      if !CrashpadInfo.setSimpleAnnotation(pair.key, pair.value) {
        log.warning("there is no room for the annotation \(pair.key) of this handler")
      }
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
