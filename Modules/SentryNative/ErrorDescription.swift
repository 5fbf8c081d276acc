// Provides Swift errors as events have them: types, texts, and the errors that errors carry.
import SentryEnvelope
import StructuredValue

internal enum ErrorDescription {
  /// Errors that carry errors beyond this are left out: foreign values may go in circles.
  private static let depthLimit = 16

  /// The error and those that it carries, the cause first.
  ///
  /// - Parameter describe: the application's words for an error; `nil`: it has none.
  static func chain(_ error: any Error, describe: ((any Error) -> String?)?) -> [StructuredObject] {
    var chain: [StructuredObject] = []
    collect(error, describe, depth: 0, into: &chain)
    return chain.reversed()
  }

  private static func collect(
    _ error: any Error, _ describe: ((any Error) -> String?)?, depth: Int, into chain: inout [StructuredObject]
  ) {
    if depth >= depthLimit || chain.count >= depthLimit { return }
    let type = String(reflecting: Swift.type(of: error as Any))
    // `Module.Type`; of types in functions only the end is for people.
    let module = type.prefix { $0 != "." }
    var exception = SentryException(
      type: module.count < type.count ? String(type.dropFirst(module.count + 1)) : type,
      value: describe?(error) ?? String(describing: error))
    if module.count < type.count { exception.module = String(module) }
    var mechanism = Mechanism(type: depth == 0 ? "generic" : "chained", isHandled: true)
    mechanism.data["type"] = .string(type)
    mechanism.data["exception_id"] = .integer(Int64(chain.count))
    exception.mechanism = mechanism
    if let object = exception.structuredValue.object { chain.append(object) }
    for cause in causes(Mirror(reflecting: error)) { collect(cause, describe, depth: depth + 1, into: &chain) }
  }

  /// Errors among the members of a structure, a class with its superclasses, or the associated values of a case.
  private static func causes(_ mirror: Mirror) -> [any Error] {
    var found: [any Error] = []
    for child in mirror.children {
      if let cause = child.value as? any Error {
        found.append(cause)
        continue
      }
      let inner = Mirror(reflecting: child.value)
      switch inner.displayStyle {
      case .optional, .tuple, .collection: found += inner.children.compactMap { $0.value as? any Error }
      default: break
      }
    }
    if let above = mirror.superclassMirror { found += causes(above) }
    return found
  }
}
