// Provides the members of an object by name, and the elements of a list by number.
internal import CLinuxShims
internal import CSentry

extension UnsafeMutablePointer where Pointee == csentry_value {
  /// FNV-1a over the name's bytes: most comparisons end with it.
  private static func hash(_ key: UnsafePointer<CChar>, _ length: Int) -> UInt32 {
    var hash: UInt32 = 2_166_136_261
    for index in 0..<length { hash = (hash ^ UInt32(UInt8(bitPattern: key[index]))) &* 16_777_619 }
    return hash
  }

  private func position(_ key: UnsafePointer<CChar>, _ length: Int, _ hash: UInt32) -> Int? {
    guard let members else { return nil }
    for index in 0..<count
    where members[index].hash == hash && Int(members[index].length) == length
      && memcmp(members[index].key, key, length) == 0
    {
      return index
    }
    return nil
  }

  /// The member of an object.
  internal func member(_ key: UnsafePointer<CChar>, _ length: Int) -> sentry_value_t? {
    guard let index = position(key, length, Self.hash(key, length)) else { return nil }
    return members?[index].value
  }

  /// Sets a member, and takes over `value` unless there is no memory.
  internal func set(_ key: UnsafePointer<CChar>, _ length: Int, _ value: sentry_value_t) -> Bool {
    guard length >= 0, length < 1 << 31 else { return false }
    let hash = Self.hash(key, length)
    if let index = position(key, length, hash), let members {
      let old = members[index].value
      members[index].value = value
      old.release()
      return true
    }
    guard reserve(count + 1, stride: MemoryLayout<csentry_member>.stride), let members,
      let copy = sentry_malloc(length + 1)?.assumingMemoryBound(to: CChar.self)
    else { return false }
    memcpy(copy, key, length)
    copy[length] = 0
    members[count] = csentry_member(key: copy, length: UInt32(length), hash: hash, value: value)
    pointee.content += 1
    return true
  }

  internal func remove(_ key: UnsafePointer<CChar>, _ length: Int) -> Bool {
    guard let index = position(key, length, Self.hash(key, length)), let members else { return false }
    let member = members[index]
    pointee.content -= 1
    memmove(members + index, members + index + 1, (count - index) * MemoryLayout<csentry_member>.stride)
    sentry_free(member.key)
    member.value.release()
    return true
  }

  /// Adds an element to a list, and takes over `value` unless there is no memory.
  internal func append(_ value: sentry_value_t) -> Bool {
    guard reserve(count + 1, stride: MemoryLayout<sentry_value_t>.stride), let elements else { return false }
    elements[count] = value
    pointee.content += 1
    return true
  }

  internal func set(at index: Int, _ value: sentry_value_t) -> Bool {
    guard index >= 0, index < 1 << 32 - 1 else { return false }
    if index >= count {
      guard reserve(index + 1, stride: MemoryLayout<sentry_value_t>.stride), let elements else { return false }
      for missing in count..<index { elements[missing] = .null }
      elements[index] = value
      pointee.content = UInt64(index + 1)
      return true
    }
    guard let elements else { return false }
    let old = elements[index]
    elements[index] = value
    old.release()
    return true
  }

  internal func remove(at index: Int) {
    guard index >= 0, index < count, let elements else { return }
    let old = elements[index]
    pointee.content -= 1
    memmove(elements + index, elements + index + 1, (count - index) * MemoryLayout<sentry_value_t>.stride)
    old.release()
  }

  /// Makes this and everything in it unchangeable.
  internal func freeze(depth: Int = 0) {
    // Deeper trees cannot be written anyway, and the stack ends somewhere.
    if isFrozen || depth > 1000 { return }
    pointee.frozen = 1
    if UInt32(pointee.type) == SENTRY_VALUE_TYPE_LIST.rawValue, let elements {
      for index in 0..<count { elements[index].heap?.freeze(depth: depth + 1) }
    } else if let members, UInt32(pointee.type) == SENTRY_VALUE_TYPE_OBJECT.rawValue {
      for index in 0..<count { members[index].value.heap?.freeze(depth: depth + 1) }
    }
  }
}
