// Provides crash capture without a handler: the crashing thread writes its report, the next start sends it.
internal import CLinuxShims
internal import CrashClient
internal import CrashDatabase
internal import LinuxSystem
internal import LocalStack
internal import SentryEnvelope
internal import StructuredValue

extension SentryClient {
  /// Installs everything that a crash needs where there is no handler.
  internal func captureInProcess(_ configuration: HandlerConfiguration) {
    var configuration = configuration
    locked {
      inProcessImages = LoadedModules.current().images
      storeCrashEvent()
    }
    InProcessHook.path = nil
    if let stack = runPath?.appending(RunFiles.stack) {
      configuration.attachments.append(stack)
      InProcessHook.path = stack.withCString { strdup($0) }
    }
    if let path = describeAttachments(options.attachments) { configuration.attachments.append(path) }
    InProcessHook.walker = options.stackWalker
    CrashVerdictHook.install(self)
    var hooks = CrashClient.Hooks()
    hooks.chainsAtStart = options.chainsAtStart
    hooks.verdict = InProcessHook.function
    hooks.verdictTimeout = options.crashHookTimeout
    do throws(CrashClientError) {
      crashClient = try CrashClient.startWithoutHandler(
        configuration, hooks: hooks, excludedSignals: options.excludedSignals, threadHook: options.threadsAreHooked)
      log.write(.info, "crashes are captured in the process, this run's would be \(storedCrashEventID)")
    } catch {
      inProcessImages = nil
      note(.handler, "crashes are not captured: \(error)")
    }
  }

  /// Writes down what an envelope says of these attachments, for the start that sends the report.
  ///
  /// - Returns: the file, which belongs to the report; `nil` when there is nothing to say.
  internal func describeAttachments(_ attachments: [Attachment]) -> FilePath? {
    guard let path = runPath?.appending(RunFiles.attachments),
      let descriptions = AttachmentDescription.file(of: attachments.map { (crashPath($0), $0) })
    else { return nil }
    do throws(Errno) {
      try FileSystem.replace(path, with: descriptions)
      return path
    } catch {
      log.write(.warning, "types of attachments are not known after a crash: \(error)")
      return nil
    }
  }

  /// Whether the crashing thread writes its report itself.
  public var capturesInProcess: Bool { lock.withLock { crashClient != nil && inProcessImages != nil } }

  /// Says which modules are loaded by now, for a crash that this process reports itself.
  public func refreshImages() {
    locked {
      if inProcessImages == nil { return }
      inProcessImages = LoadedModules.current().images
      storeCrashEvent()
    }
  }

  /// Sends reports that no handler will send. Those that somebody works on are left to him.
  internal func sendPendingReports(_ database: CrashDatabase) {
    if transport == nil || options.dsn == nil && !hasOwnTransport || !maySend { return }
    for id in (try? database.pendingReports())?.map({ $0.id }) ?? [] { send(report: id, of: database, with: []) }
  }

  private var hasOwnTransport: Bool { if case .custom = options.transport { true } else { false } }

  /// Sends a report as an envelope.
  ///
  /// - Parameter items: go with it.
  /// - Returns: whether it was handed to the transport.
  @discardableResult
  internal func send(report id: UniqueID, of database: CrashDatabase, with items: [EnvelopeItem]) -> Bool {
    do throws(CrashDatabaseError) {
      let upload = try database.reportForUploading(id)
      guard let report = CrashReport(upload) else {
        database.release(upload)
        return false
      }
      var envelope = report.envelope(database, dsn: options.dsn, withDump: !options.capturesInProcess)
      if options.symbolizesStacktraces { CrashSymbols.complete(&envelope, LoadedModules.current(), options.demangler) }
      // After the event, before attachments, as in any envelope.
      envelope.items.insert(contentsOf: items, at: min(1, envelope.items.count))
      if let reporter = options.externalCrashReporter, hand(envelope, id, to: reporter, database) {
        log.write(.info, "the crash \(id) of an earlier run is with the crash reporter")
      } else {
        submit(envelope)
        log.write(.info, "the crash \(id) of an earlier run is sent")
      }
      try database.recordUploadComplete(upload, remoteID: [])
      return true
    } catch {
      log.write(.warning, "the crash \(id) of an earlier run cannot be sent: \(error)")
      return false
    }
  }
}

extension SentryClient {
  /// Gives a report to the application's crash reporter, as a handler does right after the crash.
  ///
  /// - Returns: `false` when the program could not be started.
  private func hand(
    _ envelope: Envelope, _ id: UniqueID, to reporter: FilePath, _ database: CrashDatabase
  ) -> Bool {
    var envelope = envelope
    if options.cache.keep != .none { envelope.headers["cache_dir"] = .string("\(database.path.appending("cache"))") }
    let folder = database.path.appending("external")
    let file = folder.appending("\(id).envelope")
    do throws(Errno) {
      try FileSystem.createDirectories(folder)
      try FileSystem.replace(file, with: envelope.bytes)
    } catch {
      log.write(.warning, "the crash reporter gets nothing, its envelope cannot be written: \(error)")
      return false
    }
    let failure = DetachedProgram.start(reporter, [reporter, file], environment: EnvironmentVariable.all()).failure
    if failure == 0 { return true }
    log.write(.warning, "the crash reporter cannot be started: \(Errno(rawValue: failure))")
    try? FileSystem.remove(file)
    return false
  }
}

/// What the crashing thread does where there is no handler, before it writes its dump.
internal enum InProcessHook {
  /// The file of the record.
  fileprivate nonisolated(unsafe) static var path: UnsafeMutablePointer<CChar>?
  fileprivate nonisolated(unsafe) static var walker: stack_walker?

  /// First its stack, which needs nothing of the process, then the application's hook.
  static let function: CrashClient.Hooks.Verdict = { signal, information, context in
    if let path = InProcessHook.path {
      stack_record_write(
        path, signal, information.assumingMemoryBound(to: siginfo_t.self), context, linux_gettid(), crash_clock(0),
        InProcessHook.walker)
    }
    return CrashVerdictHook.function(signal, information, context)
  }

  /// The record of this crash, for the application's hook.
  static var record: StackRecord? {
    let record = stack_record_shared()
    if record.pointee.frame_count == 0 { return nil }
    return StackRecord(Array(UnsafeRawBufferPointer(start: record, count: MemoryLayout<stack_record>.size)))
  }
}
