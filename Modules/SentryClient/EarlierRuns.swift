// Provides what became of earlier runs of programs on the same database.
internal import CrashDatabase
internal import LinuxSystem
internal import SentryEnvelope
internal import StructuredValue

internal enum EarlierRuns {
  /// Removes the folders of dead runs from which nothing more is needed.
  ///
  /// - Returns: whether one of them crashed and its report is known.
  static func process(in database: CrashDatabase, excluding own: UniqueID?) -> Bool {
    var hasCrash = false
    RunDirectory.forEachDead(in: database.path, excluding: own) { run in
      let report = reportID(run.path)
      if let report {
        // Its handler is still at work, and reads the folder for it.
        if database.isBeingWritten(report) { return .keep }
        if isKnown(report, in: database) { hasCrash = true }
      }
      // Sessions and envelopes of another SDK on the same database are for its next start.
      let names = ((try? FileSystem.entries(of: run.path)) ?? []).map { String(decoding: $0, as: UTF8.self) }
      return names.contains { $0.hasSuffix(".envelope") || $0 == "session.json" } ? .keep : .remove
    }
    return hasCrash
  }

  /// The identifier that the run's crash would have got.
  private static func reportID(_ folder: FilePath) -> UniqueID? {
    guard let bytes = try? FileSystem.read(folder.appending("__sentry-event"), limit: 16 << 20),
      let event = try? StructuredValue(messagePack: bytes)
    else { return nil }
    return event["event_id"]?.string.flatMap { SentryID($0) }.flatMap { UniqueID(bytes: $0.bytes) }
  }

  private static func isKnown(_ id: UniqueID, in database: CrashDatabase) -> Bool {
    do throws(CrashDatabaseError) {
      _ = try database.lookUp(id)
      return true
    } catch {
      // Somebody is sending it.
      return error.code == .busy
    }
  }
}
