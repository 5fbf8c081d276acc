// Provides texts of a minidump.

extension MinidumpReader {
  /// A `MINIDUMP_STRING`. Its terminator is neither required nor looked for: some producers write none.
  ///
  /// - Parameters:
  ///   - offset: of the length.
  ///   - stream, field, index: for the soft error.
  /// - Returns: nil, with a soft error, when it lies outside the file or there is too much of it.
  internal func utf16(
    at offset: UInt64, _ stream: MinidumpStreamType, _ field: String, index: Int? = nil
  ) -> String? {
    guard let text = counted(at: offset, stream, field, index: index) else { return nil }
    return utf16(text, stream, field, index: index)
  }

  /// UTF-16 without a length; lone surrogates become U+FFFD.
  internal func utf16(
    _ units: MinidumpRecord, _ stream: MinidumpStreamType, _ field: String, index: Int? = nil
  ) -> String? {
    let count = units.count / 2
    // The worst case is three bytes of UTF-8 for a unit.
    guard charge(count &* 3 &+ 32, stream, field, index: index) else { return nil }
    var utf8: [UInt8] = []
    utf8.reserveCapacity(count)
    var position = 0
    while position < count {
      let unit = units.u16(position &* 2)
      position &+= 1
      if unit & 0xf800 != 0xd800 {
        append(UInt32(unit), to: &utf8)
      } else if unit < 0xdc00, position < count, units.u16(position &* 2) & 0xfc00 == 0xdc00 {
        let low = units.u16(position &* 2)
        position &+= 1
        append(0x1_0000 &+ (UInt32(unit & 0x3ff) << 10 | UInt32(low & 0x3ff)), to: &utf8)
      } else {
        append(0xfffd, to: &utf8)
      }
    }
    return String(decoding: utf8, as: UTF8.self)
  }

  /// UTF-16 that ends at a NUL or with its field.
  internal func fixedUTF16(
    _ field: MinidumpRecord, _ stream: MinidumpStreamType, _ name: String
  ) -> String? {
    var units = 0
    while units < field.count / 2, field.u16(units &* 2) != 0 { units &+= 1 }
    return utf16(field.part(0, count: units &* 2), stream, name)
  }

  /// Crashpad's UTF-8 string.
  internal func utf8(
    at offset: UInt64, _ stream: MinidumpStreamType, _ field: String, index: Int? = nil
  ) -> String? {
    guard let text = counted(at: offset, stream, field, index: index) else { return nil }
    return utf8(text, stream, field, index: index)
  }

  /// UTF-8 without a length; what is not well formed becomes U+FFFD.
  internal func utf8(
    _ text: MinidumpRecord, _ stream: MinidumpStreamType, _ field: String, index: Int? = nil
  ) -> String? {
    // The worst case is the three bytes of U+FFFD for one.
    guard charge(text.count &* 3 &+ 32, stream, field, index: index) else { return nil }
    return String(decoding: text.bytes, as: UTF8.self)
  }

  /// UTF-8 that ends at a NUL or with its record.
  internal func terminatedUTF8(
    _ text: MinidumpRecord, _ stream: MinidumpStreamType, _ field: String, index: Int? = nil
  ) -> String? {
    // Looking for the end costs time, also where it is for nothing.
    guard !isExhausted else {
      note(.tooMuchMemory, stream, field, UInt64(text.count), index: index)
      return nil
    }
    let end = text.bytes.firstIndex(of: 0) ?? text.count
    return utf8(text.part(0, count: end), stream, field, index: index)
  }

  /// Bytes, copied.
  internal func copy(
    _ record: MinidumpRecord, _ stream: MinidumpStreamType, _ field: String, index: Int? = nil
  ) -> [UInt8]? {
    guard charge(record.count &+ 32, stream, field, index: index) else { return nil }
    return record.copied()
  }

  /// What follows a 32-bit length.
  internal func counted(
    at offset: UInt64, _ stream: MinidumpStreamType, _ field: String, index: Int? = nil
  ) -> MinidumpRecord? {
    guard let start = Int(exactly: offset), start <= file.count &- 4, start >= 0 else {
      note(.outsideFile, stream, field, offset, index: index)
      return nil
    }
    let length = Int(file.u32(start))
    guard length <= file.count &- 4 &- start else {
      note(.outsideFile, stream, field, offset, index: index)
      return nil
    }
    return file.part(start &+ 4, count: length)
  }

  /// What a location descriptor names. nil with a soft error when any byte of it lies outside the file; nil without one
  /// when it is empty.
  internal func located(
    _ location: MinidumpRecord, _ stream: MinidumpStreamType, _ field: String, index: Int? = nil
  ) -> MinidumpRecord? {
    let (size, offset) = (Int(location.u32(0)), Int(location.u32(4)))
    if size == 0 { return nil }
    guard offset <= file.count, size <= file.count &- offset else {
      note(.outsideFile, stream, field, UInt64(offset), index: index)
      return nil
    }
    return file.part(offset, count: size)
  }

  /// The entries of a list that starts with a 32-bit count, with or without four bytes of padding behind it.
  ///
  /// - Parameter stride: bytes that a decoded entry takes at least.
  internal func list(
    _ stream: MinidumpRecord, _ type: MinidumpStreamType, entry: Int, stride: Int, _ field: String
  ) -> (start: Int, count: Int)? {
    guard stream.count >= 4 else {
      note(.tooSmall, type, field, UInt64(stream.count))
      return nil
    }
    let says = Int(stream.u32(0))
    // Breakpad on macOS and LLVM align the entries to 8.
    let padded = stream.count &- 8 == says &* entry && stream.count &- 4 != says &* entry
    let start = padded ? 8 : 4
    let count = min(says, stream.fitting(entry, from: start))
    if count < says { note(.countTooLarge, type, field, UInt64(says)) }
    guard charge(count &* stride &+ 32, type, field) else { return nil }
    return (start, count)
  }

  /// The entries of a list whose header says its own and the entries' sizes.
  internal func sizedList(
    _ stream: MinidumpRecord, _ type: MinidumpStreamType, header: Int, entry: Int, count says: UInt64,
    minimumHeader: Int, minimumEntry: Int, stride: Int, _ field: String
  ) -> (start: Int, count: Int, entry: Int)? {
    guard header >= minimumHeader, header <= stream.count else {
      note(.unknownLayout, type, "the header of \(field)", UInt64(header))
      return nil
    }
    guard entry >= minimumEntry else {
      note(.unknownLayout, type, field, UInt64(entry))
      return nil
    }
    let fitting = UInt64(truncatingIfNeeded: stream.fitting(entry, from: header))
    if says > fitting { note(.countTooLarge, type, field, says) }
    let count = Int(truncatingIfNeeded: min(says, fitting))
    guard charge(count &* stride &+ 32, type, field) else { return nil }
    return (header, count, entry)
  }

  /// - Parameter scalar: a Unicode scalar value.
  private func append(_ scalar: UInt32, to utf8: inout [UInt8]) {
    func byte(_ value: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: value) }
    if scalar < 0x80 {
      utf8.append(byte(scalar))
    } else if scalar < 0x800 {
      utf8.append(byte(0xc0 | scalar >> 6))
      utf8.append(byte(0x80 | scalar & 0x3f))
    } else if scalar < 0x1_0000 {
      utf8.append(byte(0xe0 | scalar >> 12))
      utf8.append(byte(0x80 | scalar >> 6 & 0x3f))
      utf8.append(byte(0x80 | scalar & 0x3f))
    } else {
      utf8.append(byte(0xf0 | scalar >> 18))
      utf8.append(byte(0x80 | scalar >> 12 & 0x3f))
      utf8.append(byte(0x80 | scalar >> 6 & 0x3f))
      utf8.append(byte(0x80 | scalar & 0x3f))
    }
  }
}
