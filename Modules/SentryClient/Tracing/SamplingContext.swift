// Provides what a sampler is told about a transaction that begins.
public import StructuredValue

/// A transaction that begins, as `Hooks.tracesSampler` sees it.
public struct SamplingContext: Sendable {
  /// The transaction's name and operation, and what else is known: `name`, `op`, `description`.
  public var transaction: StructuredObject
  /// What the application gave for the sampler.
  public var custom: StructuredObject
  /// What the parent in another process decided; `nil`: nothing, or there is none.
  public var parentSampled: Bool?

  /// A transaction as a sampler sees it, for tests of one.
  public init(
    transaction: StructuredObject, custom: StructuredObject = StructuredObject(), parentSampled: Bool? = nil
  ) {
    self.transaction = transaction
    self.custom = custom
    self.parentSampled = parentSampled
  }
}
