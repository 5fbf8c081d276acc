// Provides an object: members in the order in which they were added.

/// Members by name, in the order in which they were added. A name is there once; setting it again keeps its place.
public struct StructuredObject: Hashable, Sendable {
  /// The members in order.
  public private(set) var members: [Member] = []

  public struct Member: Hashable, Sendable {
    public let key: String
    public var value: StructuredValue
  }

  /// Where each name is, once there are so many that searching them costs: foreign objects may have millions.
  private var positions: [String: Int] = [:]
  private static let indexThreshold = 16

  public init() {}

  public var count: Int { members.count }
  public var isEmpty: Bool { members.isEmpty }
  public var keys: [String] { members.map { $0.key } }

  /// The member's value; setting `nil` removes it.
  public subscript(key: String) -> StructuredValue? {
    get { position(of: key).map { members[$0].value } }
    set {
      guard let newValue else { return remove(key) }
      if let position = position(of: key) {
        members[position].value = newValue
        return
      }
      members.append(Member(key: key, value: newValue))
      if members.count > Self.indexThreshold {
        if positions.isEmpty { rebuildPositions() } else { positions[key] = members.count - 1 }
      }
    }
  }

  /// Adds the members of `other` whose names are not here yet.
  public mutating func addMissing(from other: StructuredObject) {
    for member in other.members where position(of: member.key) == nil { self[member.key] = member.value }
  }

  private mutating func remove(_ key: String) {
    guard let position = position(of: key) else { return }
    members.remove(at: position)
    positions = [:]
    if members.count > Self.indexThreshold { rebuildPositions() }
  }

  private func position(of key: String) -> Int? {
    if !positions.isEmpty { return positions[key] }
    return members.firstIndex { $0.key == key }
  }

  private mutating func rebuildPositions() {
    positions = [:]
    for (index, member) in members.enumerated() { positions[member.key] = index }
  }

  public static func == (left: StructuredObject, right: StructuredObject) -> Bool { left.members == right.members }
  public func hash(into hasher: inout Hasher) { hasher.combine(members) }
}
