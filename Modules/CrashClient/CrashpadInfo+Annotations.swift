// Provides the dictionary of annotations that every Crashpad handler reads.
internal import CLinuxShims
internal import LinuxSystem

extension CrashpadInfo {
  /// Bytes of a key and of a value; what is beyond is cut off.
  public static var maximumAnnotation: Int { Int(CRASHPAD_DICTIONARY_FIELD) - 1 }

  /// Sets one of up to 63 simple annotations, or takes it back with `nil`. For values that change often, or in signal
  /// handlers, `CrashAnnotation` is better: here, writers wait for each other.
  ///
  /// The order of the steps keeps dumps right: a value is in the table before its key is, and of two entries with one key
  /// handlers take the first.
  ///
  /// - Returns: `false` when the table is full, the key is empty, or this very thread is inside of another call (a signal
  ///   handler).
  @discardableResult public static func setSimpleAnnotation(_ key: String, _ value: String?) -> Bool {
    let key = bytes(key)
    if key.isEmpty { return false }
    guard lock() else { return false }
    defer { crash_store64(crashpad_dictionary_writer(), 0) }
    let old = entry(of: key)
    guard let value else {
      if let old { setFirstByte(of: old, to: 0) }
      return true
    }
    // One entry stays free, for the next change of a value.
    guard let free = entry(of: []), old != nil || entry(of: [], after: free) != nil else { return false }
    let target = crashpad_dictionary() + free
    fill(UnsafeMutableRawPointer(target) + Int(CRASHPAD_DICTIONARY_FIELD), bytes(value), from: 0)
    fill(UnsafeMutableRawPointer(target), key, from: 1)
    setFirstByte(of: free, to: key[0])
    if let old { setFirstByte(of: old, to: 0) }
    crashpad_use_dictionary()
    return true
  }

  private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8.prefix { $0 != 0 }.prefix(maximumAnnotation)) }

  /// The first entry with this key; an empty key finds one that is free.
  private static func entry(of key: [UInt8], after other: Int = -1) -> Int? {
    ((other + 1)..<Int(CRASHPAD_DICTIONARY_ENTRIES)).first { index in
      let field = UnsafeRawPointer(crashpad_dictionary() + index)
      if key.isEmpty { return field.load(as: UInt8.self) == 0 }
      return (0...key.count).allSatisfy { offset in
        field.load(fromByteOffset: offset, as: UInt8.self) == (offset < key.count ? key[offset] : 0)
      }
    }
  }

  private static func fill(_ field: UnsafeMutableRawPointer, _ bytes: [UInt8], from start: Int) {
    for offset in start..<Int(CRASHPAD_DICTIONARY_FIELD) {
      field.storeBytes(of: offset < bytes.count ? bytes[offset] : 0, toByteOffset: offset, as: UInt8.self)
    }
  }

  private static func setFirstByte(of entry: Int, to value: UInt8) {
    crashpad_store_byte(UnsafeMutableRawPointer(crashpad_dictionary() + entry), value)
  }

  /// `false` when this thread has it already. A fork may leave it with a thread that does not exist in the child.
  private static func lock() -> Bool {
    let process = UInt64(UInt32(bitPattern: CurrentProcess.id)) << 32
    let identity = process | UInt64(UInt32(bitPattern: linux_gettid()))
    while true {
      let writer = crash_load64(crashpad_dictionary_writer())
      if writer == identity { return false }
      if writer == 0 || writer & ~0xffff_ffff != process {
        if crash_exchange64(crashpad_dictionary_writer(), writer, identity) { return true }
      }
      _ = sched_yield()
    }
  }
}
