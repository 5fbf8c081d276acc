// Provides the place in which the open transaction outlives a crash.
internal import LinuxSystem
internal import SentryEnvelope
internal import StructuredValue

/// The transaction that is bound to the global scope, in a file of the run directory: whoever finds the file after a
/// crash finishes the transaction as aborted.
///
/// Nothing is done at the crash itself. Format: docs/sdk-tracing.md, "Open transactions". Any thread.
internal final class OpenTransactionFile: @unchecked Sendable {
  // @unchecked: everything that changes is changed under `access`.
  private let access = Lock()
  private let mapping: WritableMapping
  private var records: MappedRecords
  /// Whose records these are.
  private var current: ObjectIdentifier?
  /// Whether a hook has to see transactions before they are sent.
  private let isHooked: Bool

  /// Enough for a thousand spans with a few words each.
  private static let size = 512 * 1024

  /// - Throws: when there is no room for the file.
  init(folder: FilePath, isHooked: Bool) throws(Errno) {
    mapping = try WritableMapping(creating: folder.appending(RunFiles.transaction), size: Self.size)
    guard let records = MappedRecords(mapping.bytes) else { throw .invalidArgument }
    self.records = records
    self.isHooked = isHooked
  }

  /// Forgets the transaction that was kept, and keeps this one.
  ///
  /// - Parameter scope: what the scope says, for a death without a crash, which leaves no event.
  func begin(
    _ transaction: Transaction, _ value: StructuredObject, samplingContext: StructuredObject, scope: StructuredObject
  ) {
    var first = StructuredObject()
    first["transaction"] = .object(value)
    first["scope"] = .object(scope)
    first["trace"] = .object(samplingContext)
    first["hooked"] = .bool(isHooked)
    let bytes = StructuredValue.object(first).messagePack
    access.withLock {
      records.removeAll()
      current = ObjectIdentifier(transaction)
      records.append(bytes)
    }
  }

  func changed(_ transaction: Transaction, _ value: StructuredObject) {
    append("transaction", .object(value), of: transaction)
  }
  func began(_ span: StructuredObject, of transaction: Transaction) { append("open", .object(span), of: transaction) }
  func finished(_ span: StructuredObject, of transaction: Transaction) {
    append("span", .object(span), of: transaction)
  }
  func discarded(_ spanID: String, of transaction: Transaction) { append("gone", .string(spanID), of: transaction) }

  /// The transaction is over, or belongs to nothing any more.
  func end(_ transaction: Transaction) {
    access.withLock {
      if current != ObjectIdentifier(transaction) { return }
      current = nil
      records.removeAll()
    }
  }

  /// What does not fit is not kept: a transaction without some of its spans is better than none.
  private func append(_ key: String, _ value: StructuredValue, of transaction: Transaction) {
    if access.withLock({ current != ObjectIdentifier(transaction) }) { return }
    var record = StructuredObject()
    record[key] = value
    let bytes = StructuredValue.object(record).messagePack
    access.withLock {
      if current == ObjectIdentifier(transaction) { records.append(bytes) }
    }
  }
}
