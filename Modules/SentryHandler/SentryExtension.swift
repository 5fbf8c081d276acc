// Provides what Sentry adds to the handler: a complete event beside the dump.
internal import CrashDatabase
internal import HandlerCore
internal import LinuxSystem
internal import ProcessSnapshot
internal import StructuredValue

/// Completes the client's event: at the crash with what the crash was, before the upload with what the walker found.
final class SentryExtension: HandlerExtension {
  /// The file that carries the event, in the run directory and among a report's attachments.
  private static let eventName = Array("__sentry-event".utf8)
  /// Bytes of an event; a larger file is somebody else's.
  private static let eventLimit = 8 << 20

  private let walker: StackWalkerProcess
  private let log: HandlerLog

  init(log: HandlerLog) {
    self.log = log
    walker = StackWalkerProcess(log: log)
  }

  func attachmentContent(
    of path: FilePath, snapshot: borrowing ProcessSnapshot, reportID: UniqueID
  ) -> [UInt8]? {
    guard path.lastComponent == Self.eventName, var event = Self.read(path) else { return nil }
    CrashEvent.complete(&event, snapshot: snapshot, reportID: reportID)
    return StructuredValue.object(event).messagePack
  }

  /// The application's hook has changed the event. What only this side knows is put into it again.
  func attachmentsChanged(_ report: borrowing UploadReport, files: [FilePath]) {
    guard let path = files.first(where: { $0.lastComponent == Self.eventName }), var event = Self.read(path),
      let attachment = report.attachments.first(where: { $0.name == Self.eventName }),
      let before = Self.read(attachment.path)
    else { return }
    CrashEvent.complete(&event, from: before)
    do throws(Errno) {
      try FileSystem.replace(attachment.path, with: StructuredValue.object(event).messagePack)
    } catch {
      log.warning("what the application changed in the event of report \(report.report.id) is lost: \(error)")
    }
  }

  func prepareForUpload(_ report: borrowing UploadReport) {
    guard let attachment = report.attachments.first(where: { $0.name == Self.eventName }),
      var event = Self.read(attachment.path), !WalkedEvent.isWalked(event),
      let walk = walker.walk(report.report.path)
    else { return }
    WalkedEvent.complete(&event, with: walk)
    do throws(Errno) {
      try FileSystem.replace(attachment.path, with: StructuredValue.object(event).messagePack)
    } catch {
      log.warning("the stacks of report \(report.report.id) cannot be stored: \(error)")
    }
  }

  func uploadFields(_ report: borrowing UploadReport) -> [(name: String, value: [UInt8])] {
    guard let attachment = report.attachments.first(where: { $0.name == Self.eventName }),
      let event = Self.read(attachment.path)
    else { return [] }
    let trails = EventField.breadcrumbFiles.map { name -> [UInt8] in
      guard let file = report.attachments.first(where: { $0.name.elementsEqual(name.utf8) }) else { return [] }
      return (try? FileSystem.readRegular(file.path, limit: Self.eventLimit)) ?? []
    }
    return EventField.value(event, breadcrumbs: trails).map { [(EventField.name, $0)] } ?? []
  }

  func envelope(of report: borrowing UploadReport, withHeader: Bool) -> [UInt8]? {
    ReportEnvelope.bytes(report, withHeader: withHeader)
  }

  func deliver(_ delivery: HandlerDelivery) { RunDelivery(delivery, log: log)?.run() }

  /// `nil` when the file holds no event: it is empty before a foreign client's crash.
  private static func read(_ path: FilePath) -> StructuredObject? {
    guard let bytes = try? FileSystem.readRegular(path, limit: eventLimit), !bytes.isEmpty,
      let value = try? StructuredValue(messagePack: bytes)
    else { return nil }
    return value.object
  }
}
