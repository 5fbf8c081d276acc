// Provides how a scope gets into events, and how changes of a copy get back into the scope.
internal import SentryEnvelope
import StableOrder
public import StructuredValue

extension Scope {
  /// Fills what the event does not say itself. Members of objects are filled one by one.
  ///
  /// - Parameter withBreadcrumbs: for a crash they have files of their own.
  public func apply(to event: inout StructuredObject, withBreadcrumbs: Bool = true) {
    fill(&event, "level", level.map { .string($0.rawValue) })
    fill(&event, "release", release.map { .string($0) })
    fill(&event, "dist", dist.map { .string($0) })
    fill(&event, "environment", environment.map { .string($0) })
    fill(&event, "user", userObject.map { .object($0) })
    fill(&event, "fingerprint", fingerprint.map { .array($0.map { .string($0) }) })
    fill(&event, "transaction", transactionName.map { .string($0) })
    merge(&event, "tags", tags)
    merge(&event, "extra", extra)
    merge(&event, "contexts", contexts)
    if withBreadcrumbs, !trail.isEmpty {
      let own = event["breadcrumbs"]?.array ?? event["breadcrumbs"]?["values"]?.array ?? []
      event["breadcrumbs"] = .array(Self.merge(own, trail.breadcrumbs.map { .object($0) }, limit: trail.limit))
    }
  }

  private func fill(_ event: inout StructuredObject, _ key: String, _ value: StructuredValue?) {
    guard let value else { return }
    switch event[key] {
    case nil, .null: event[key] = value
    default: break
    }
  }

  private func merge(_ event: inout StructuredObject, _ key: String, _ members: StructuredObject) {
    switch event[key] {
    case nil, .null: event[key] = .object(members)
    case .object(var object):
      if members.isEmpty { return }
      object.addMissing(from: members)
      event[key] = .object(object)
    default: break
    }
  }

  /// Both lists by time, the newest `limit` of them.
  private static func merge(
    _ first: [StructuredValue], _ second: [StructuredValue], limit: Int
  ) -> [StructuredValue] {
    if first.isEmpty { return second }
    // Times are RFC 3339 in UTC and sort as text.
    let all = first + second
    let sorted = all.inOrder { ($0["timestamp"]?.string ?? "") < ($1["timestamp"]?.string ?? "") }
    return Array(sorted.suffix(max(limit, first.count)))
  }

  /// Does to this scope what turned `before` into `after`, so that a closure can work on a copy without a lock, and
  /// what others changed meanwhile stays.
  internal mutating func applyChange(from before: Scope, to after: Scope) {
    if before.userObject != after.userObject { userObject = after.userObject }
    if before.fillsUser != after.fillsUser { fillsUser = after.fillsUser }
    if before.level != after.level { level = after.level }
    if before.fingerprint != after.fingerprint { fingerprint = after.fingerprint }
    if before.transactionName != after.transactionName { transactionName = after.transactionName }
    if before.dist != after.dist { dist = after.dist }
    if before.environment != after.environment { environment = after.environment }
    if before.release != after.release { release = after.release }
    if before.propagationContext != after.propagationContext { propagationContext = after.propagationContext }
    if before.span !== after.span { span = after.span }
    tags.applyChange(from: before.tags, to: after.tags)
    extra.applyChange(from: before.extra, to: after.extra)
    contexts.applyChange(from: before.contexts, to: after.contexts)
    attributes.applyChange(from: before.attributes, to: after.attributes)
    for attachment in before.attachments where !after.attachments.contains(attachment) { removeAttachment(attachment) }
    for attachment in after.attachments where !before.attachments.contains(attachment) { addAttachment(attachment) }
    if before.trail.removals != after.trail.removals { trail.removeAll() }
    let known = before.trail.removals == after.trail.removals ? before.trail.added : 0
    if after.trail.added > known {
      for breadcrumb in after.trail.breadcrumbs.suffix(after.trail.added - known) { trail.append(breadcrumb) }
    }
  }
}

extension StructuredObject {
  fileprivate mutating func applyChange(from before: StructuredObject, to after: StructuredObject) {
    for member in before.members where after[member.key] == nil { self[member.key] = nil }
    for member in after.members where before[member.key] != member.value { self[member.key] = member.value }
  }
}
