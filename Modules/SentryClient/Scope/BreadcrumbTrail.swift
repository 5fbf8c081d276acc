// Provides the last breadcrumbs of a scope.
internal import LinuxSystem
public import SentryEnvelope
public import StructuredValue

/// The last `limit` breadcrumbs, oldest first, as the trees that they are on the wire.
internal struct BreadcrumbTrail: Sendable {
  let limit: Int
  /// A ring once it is full: the oldest is at `start`.
  private var ring: [StructuredObject] = []
  private var start = 0
  /// How many were added since they were last removed; those that are gone count too.
  private(set) var added = 0
  /// How often all were removed.
  private(set) var removals = 0

  init(limit: Int) { self.limit = limit }

  var isEmpty: Bool { ring.isEmpty }

  /// Oldest first.
  var breadcrumbs: [StructuredObject] { Array(ring[start...] + ring[..<start]) }

  mutating func append(_ breadcrumb: StructuredObject) {
    if limit == 0 { return }
    added += 1
    if ring.count < limit { return ring.append(breadcrumb) }
    ring[start] = breadcrumb
    start = start + 1 == limit ? 0 : start + 1
  }

  mutating func removeAll() {
    ring = []
    start = 0
    added = 0
    removals += 1
  }
}

extension Scope {
  /// How many breadcrumbs are kept.
  public var maxBreadcrumbs: Int { trail.limit }
  /// Oldest first.
  public var breadcrumbs: [Breadcrumb] { trail.breadcrumbs.map { Breadcrumb(value: .object($0)) } }
  /// Oldest first, with fields that nobody knows.
  public var breadcrumbObjects: [StructuredObject] { trail.breadcrumbs }

  /// Adds a breadcrumb, now unless it says when.
  public mutating func addBreadcrumb(_ breadcrumb: Breadcrumb) {
    if let object = breadcrumb.value.object { addBreadcrumb(object: object) }
  }

  /// Adds a breadcrumb with fields that nobody knows, now unless it says when.
  public mutating func addBreadcrumb(object breadcrumb: StructuredObject) {
    if trail.limit > 0 { trail.append(Self.stamped(breadcrumb)) }
  }

  /// Takes all breadcrumbs away.
  public mutating func clearBreadcrumbs() { trail.removeAll() }

  internal static func stamped(_ breadcrumb: StructuredObject) -> StructuredObject {
    if breadcrumb["timestamp"] != nil { return breadcrumb }
    return breadcrumb.behind("timestamp", .string(Timestamp.now().iso8601))
  }
}
