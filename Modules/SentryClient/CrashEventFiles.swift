// Provides the files in the run directory from which a handler takes the scope of a crash.
internal import LinuxSystem
internal import SentryEnvelope
internal import StructuredValue

/// `__sentry-event` and `__sentry-breadcrumb1`/`2`: complete before the crash, so that nothing has to be put together
/// in a process that is dying.
///
/// Format: docs/formats/wire-formats.md, "Files of a run". Not thread safe.
internal struct CrashEventFiles: ~Copyable {
  let event: FilePath
  let breadcrumbs: [FilePath]

  private let maxBreadcrumbs: Int
  private var written = 0
  /// The breadcrumb file of the current block.
  private var current: OwnedFileDescriptor?

  /// Creates the three files, empty.
  init(folder: FilePath, maxBreadcrumbs: Int) throws(Errno) {
    event = folder.appending("__sentry-event")
    breadcrumbs = [folder.appending("__sentry-breadcrumb1"), folder.appending("__sentry-breadcrumb2")]
    self.maxBreadcrumbs = maxBreadcrumbs
    for path in [event] + breadcrumbs { try FileSystem.write([], to: path) }
  }

  /// In the order in which native SDKs give them to the handler.
  var attachments: [FilePath] { [event] + breadcrumbs }

  /// Replaces the event in one step: a crash at any moment finds the old one or the new one.
  ///
  /// - Parameter event: one MessagePack map.
  func store(_ event: [UInt8]) throws(Errno) { try FileSystem.replace(self.event, with: event) }

  /// Appends a breadcrumb. As many as are kept go to one file, then as many to the other one, which is emptied before:
  /// together they always hold the last ones.
  mutating func append(_ breadcrumb: Breadcrumb) throws(Errno) {
    if maxBreadcrumbs == 0 { return }
    if written % maxBreadcrumbs == 0 || current == nil {
      let path = breadcrumbs[written / maxBreadcrumbs % 2]
      let isNewBlock = written % maxBreadcrumbs == 0
      current = try FileSystem.open(path, isNewBlock ? [.write, .append, .truncate] : [.write, .append])
    }
    written += 1
    // One call for each, so that a kill leaves whole ones.
    try current?.writeAll(breadcrumb.value.messagePack)
  }

  /// Starts again, without any breadcrumb.
  mutating func removeBreadcrumbs() throws(Errno) {
    current = nil
    written = 0
    for path in breadcrumbs { try FileSystem.open(path, [.write]).truncate(to: 0) }
  }
}
