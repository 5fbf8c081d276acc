// Provides the hand-over of a report to a program of the application.
internal import CrashDatabase
internal import LinuxSystem

/// Gives reports to a program instead of a server: `--crash-reporter` and `--crash-envelope`.
///
/// The envelope, which the client has begun, gets the event, the attachments and the dump; then the program is started
/// with its path, and the report is gone from the database. Nobody waits for the program.
struct CrashReporter {
  enum Outcome {
    /// The program has it, and the database has it no more.
    case taken
    /// It stays pending: its user has not consented.
    case withheld
    case failed
  }

  private let program: FilePath
  private let envelope: FilePath
  private let starter: ReporterStarter?

  /// `nil` unless both options are given. Comes before the handler confines itself.
  init?(_ options: HandlerOptions, log: HandlerLog) {
    if options.crashReporter.isEmpty || options.crashEnvelope.isEmpty { return nil }
    program = options.crashReporter
    envelope = options.crashEnvelope
    do throws(Errno) {
      starter = try ReporterStarter(program, envelope)
    } catch {
      log.warning("\(program) will be started under the handler's own sandbox: \(error)")
      starter = nil
    }
  }

  /// Hands a pending report over, in a process of its own: the stacks are walked there.
  func take(
    _ id: UniqueID, from database: CrashDatabase, with extension: any HandlerExtension,
    _ confinement: HandlerConfinement, log: HandlerLog
  ) -> Outcome {
    if (try? database.settings.uploadsEnabled()) != true {
      log.info("report \(id) stays pending: uploads are disabled")
      return .withheld
    }
    do throws(Errno) {
      let child = try ChildProcess.fork {
        confinement.narrow()
        return handOver(id, database, `extension`, log) ? 0 : 1
      }
      guard try child.wait() == .exited(status: 0) else { return .failed }
    } catch {
      log.error("report \(id) cannot be handed over: \(error)")
      return .failed
    }
    do throws(CrashDatabaseError) {
      try database.delete(id)
    } catch {
      log.error("report \(id), which \(program) has, cannot be removed: \(error.message)")
    }
    return .taken
  }

  private func handOver(
    _ id: UniqueID, _ database: CrashDatabase, _ extension: any HandlerExtension, _ log: HandlerLog
  ) -> Bool {
    do throws(CrashDatabaseError) {
      let report = try database.reportForUploading(id)
      `extension`.prepareForUpload(report)
      let written = write(report, `extension`, log)
      database.release(report)
      return written && start(log)
    } catch {
      log.error("report \(id) cannot be handed over: \(error.message)")
      return false
    }
  }

  private func write(
    _ report: borrowing UploadReport, _ extension: any HandlerExtension, _ log: HandlerLog
  ) -> Bool {
    do throws(Errno) {
      let file = try FileSystem.openRegular(envelope, [.write, .create, .append])
      let isNew = try file.status().size == 0
      guard let bytes = `extension`.envelope(of: report, withHeader: isNew) else {
        log.error("this handler knows no envelopes; \(program) is not started")
        return false
      }
      try file.writeAll(bytes)
      return true
    } catch {
      log.error("the envelope \(envelope) cannot be written: \(error)")
      return false
    }
  }

  private func start(_ log: HandlerLog) -> Bool {
    var failure = starter?.start() ?? ReporterStarter.start(program, envelope)
    // Somebody has ended the starter: the program may do something useful in our sandbox, too.
    if failure == Errno.noChildren.rawValue || failure == Errno.brokenPipe.rawValue {
      failure = ReporterStarter.start(program, envelope)
    }
    if failure != 0 { log.error("\(program) cannot be started: \(Errno(rawValue: failure))") }
    return failure == 0
  }
}
