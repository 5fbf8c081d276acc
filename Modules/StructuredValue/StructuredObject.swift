// Provides an object: members in the order in which they were added.

// Objects are built and taken apart in hundreds of places, none of them hot: what does that exists once, as calls.

/// Members by name, in the order in which they were added. A name is there once; setting it again keeps its place.
public struct StructuredObject: Hashable, Sendable {
  /// The members in order.
  public private(set) var members: [Member] = []

  /// A name and its value.
  public struct Member: Hashable, Sendable {
    /// The name, once in an object.
    public let key: String
    /// What is known under that name.
    public var value: StructuredValue
  }

  /// Where each name is, once there are so many that searching them costs: foreign objects may have millions.
  private var positions: [String: Int] = [:]
  private static let indexThreshold = 16

  /// Without members.
  public init() {}

  /// Without members, with room for some.
  public init(capacity: Int) { members.reserveCapacity(capacity) }

  /// How many members there are.
  public var count: Int { members.count }
  /// Whether there is no member.
  public var isEmpty: Bool { members.isEmpty }
  /// The names, in order.
  public var keys: [String] { members.map { $0.key } }

  /// The member's value; setting `nil` removes it.
  public subscript(key: String) -> StructuredValue? {
    @inline(never)
    get { position(of: key).map { members[$0].value } }
    @inline(never)
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

  /// Where the member is in the order; `nil` when there is none of that name.
  public func index(of key: String) -> Int? { position(of: key) }

  /// Sets a member's value.
  ///
  /// - Returns: where it is in the order.
  @discardableResult
  @inline(never)
  public mutating func set(_ value: StructuredValue, for key: String) -> Int {
    if let position = position(of: key) {
      members[position].value = value
      return position
    }
    self[key] = value
    return members.count - 1
  }

  /// Sets the value of the member at a place, if it has that name.
  ///
  /// - Returns: whether it has.
  public mutating func set(_ value: StructuredValue, for key: String, at index: Int) -> Bool {
    guard index < members.count, members[index].key == key else { return false }
    members[index].value = value
    return true
  }

  /// These members behind another one, which replaces one of its name.
  @inline(never)
  public func behind(_ key: String, _ value: StructuredValue) -> StructuredObject {
    var object = StructuredObject(capacity: count + 1)
    object.members.append(Member(key: key, value: value))
    for member in members where member.key != key { object.members.append(member) }
    if object.members.count > Self.indexThreshold { object.rebuildPositions() }
    return object
  }

  /// Adds the members of `other` whose names are not here yet.
  @inline(never)
  public mutating func addMissing(from other: StructuredObject) {
    for member in other.members where position(of: member.key) == nil { self[member.key] = member.value }
  }

  @inline(never)
  private mutating func remove(_ key: String) {
    guard let position = position(of: key) else { return }
    members.remove(at: position)
    positions = [:]
    if members.count > Self.indexThreshold { rebuildPositions() }
  }

  @inline(never)
  private func position(of key: String) -> Int? {
    if !positions.isEmpty { return positions[key] }
    return members.firstIndex { $0.key == key }
  }

  @inline(never)
  private mutating func rebuildPositions() {
    positions = [:]
    for (index, member) in members.enumerated() { positions[member.key] = index }
  }

  public static func == (left: StructuredObject, right: StructuredObject) -> Bool { left.members == right.members }
  public func hash(into hasher: inout Hasher) { hasher.combine(members) }
}

extension StructuredObject: ExpressibleByDictionaryLiteral {
  /// Of two members of one name the later value counts, at the place of the first.
  public init(dictionaryLiteral elements: (String, StructuredValue)...) {
    for (key, value) in elements { self[key] = value }
  }
}
