// Provides the tags of an event as bytes that can be changed one by one.
internal import StructuredValue

/// The members of a MessagePack map of texts, and where each of them is.
internal struct EncodedTags {
  /// The members, without the map's header.
  private(set) var bytes: [UInt8] = []
  private var places: [Place] = []
  /// The map's header: made when the number of members changes, since a changed tag is what happens most often.
  private(set) var header: [UInt8] = [0x80]
  /// Where a tag of such a name was last: programs set the same few again and again. Only ever a guess.
  private var guesses = [UInt32](repeating: 0, count: 64)

  /// Where the value of a member begins and ends.
  private struct Place {
    var value: Int
    var end: Int
  }

  private static func header(_ members: Int) -> [UInt8] {
    let count = UInt32(truncatingIfNeeded: members)
    if count < 16 { return [0x80 | UInt8(count)] }
    if count < 65_536 { return [0xde, UInt8(count >> 8), UInt8(count & 255)] }
    return [0xdf, UInt8(count >> 24), UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255)]
  }

  mutating func replaceAll(_ tags: StructuredObject) {
    bytes.removeAll(keepingCapacity: true)
    places.removeAll(keepingCapacity: true)
    for member in tags.members {
      StructuredValue.appendMessagePack(member.key, to: &bytes)
      let value = bytes.count
      member.value.appendMessagePack(to: &bytes, depth: 2)
      places.append(Place(value: value, end: bytes.count))
    }
    header = Self.header(places.count)
  }

  /// Where a tag of that name may be; whoever asked looks, and says by `set` where it was.
  ///
  /// Mutating, as `write` is, so that it works in place: a copy would count four references for each tag that is set.
  mutating func guess(_ slot: Int) -> Int { Int(guesses[slot]) }

  /// Bytes of the whole map.
  var count: Int { header.count + bytes.count }

  /// Stores the map, header and members.
  ///
  /// - Returns: `false` when there is no room.
  mutating func write(to target: CrashMemory, at offset: Int) -> Bool {
    target.store(header, at: offset) && target.store(bytes, at: offset + header.count)
  }

  /// Which guess is for tags of that name.
  static func slot(_ key: String) -> Int {
    var key = key
    return key.withUTF8 { ($0.count &* 7 &+ Int($0.last ?? 0)) & 63 }
  }

  /// Sets a tag's value. The name of one that is there already stays as it is.
  ///
  /// - Parameters:
  ///   - slot: of the key.
  ///   - index: at most one beyond the last.
  mutating func set(_ key: String, _ slot: Int, _ value: String, at index: Int) {
    guesses[slot] = UInt32(truncatingIfNeeded: index)
    guard index < places.count else {
      StructuredValue.appendMessagePack(key, to: &bytes)
      let valueStart = bytes.count
      StructuredValue.appendMessagePack(value, to: &bytes)
      places.append(Place(value: valueStart, end: bytes.count))
      header = Self.header(places.count)
      return
    }
    let place = places[index]
    var value = value
    let growth = value.withUTF8 { text -> Int in
      let headerSize = Self.headerSize(text.count)
      let growth = headerSize + text.count - (place.end - place.value)
      // Most often there is none: a flag, a number of as many digits.
      if growth > 0 { bytes.insert(contentsOf: repeatElement(0, count: growth), at: place.end) }
      if growth < 0 { bytes.removeSubrange((place.end + growth)..<place.end) }
      bytes.withUnsafeMutableBytes { target in
        Self.writeHeader(text.count, headerSize, to: target, at: place.value)
        UnsafeMutableRawBufferPointer(rebasing: target[(place.value + headerSize)...]).copyMemory(
          from: UnsafeRawBufferPointer(text))
      }
      return growth
    }
    if growth == 0 { return }
    places[index].end += growth
    for later in (index + 1)..<places.count {
      places[later].value += growth
      places[later].end += growth
    }
  }

  /// Bytes before a text.
  private static func headerSize(_ count: Int) -> Int { count < 32 ? 1 : count < 256 ? 2 : count < 65_536 ? 3 : 5 }

  private static func writeHeader(
    _ count: Int, _ size: Int, to target: UnsafeMutableRawBufferPointer, at offset: Int
  ) {
    if size == 1 {
      target[offset] = 0xa0 | UInt8(truncatingIfNeeded: count)
      return
    }
    target[offset] = size == 2 ? 0xd9 : size == 3 ? 0xda : 0xdb
    for place in 1..<size { target[offset + place] = UInt8(truncatingIfNeeded: count >> ((size - 1 - place) * 8)) }
  }
}
