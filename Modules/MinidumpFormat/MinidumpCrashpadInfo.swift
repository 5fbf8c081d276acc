// Provides Crashpad's identifiers and annotations: the CrashpadInfo stream.

import StableOrder

/// A key and its value. Invalid UTF-8 of the application arrives here repaired with U+FFFD.
public struct MinidumpSimpleAnnotation: Hashable, Sendable {
  public var key: String
  public var value: String
  public init(key: String, value: String) {
    self.key = key
    self.value = value
  }
}

/// A named value of any kind.
public struct MinidumpAnnotation: Hashable, Sendable {
  /// 1 is text; 0x8000 and above are the user's.
  public struct Kind: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    public static let invalid = Self(rawValue: 0)
    public static let string = Self(rawValue: 1)
  }
  public var name: String
  public var kind: Kind
  /// Text has no NUL at its end.
  public var value: [UInt8]

  public init(name: String, kind: Kind = .string, value: [UInt8]) {
    self.name = name
    self.kind = kind
    self.value = value
  }
}

/// What one module had to say. Linked to the module list by index.
public struct MinidumpModuleCrashpadInfo: Hashable, Sendable {
  /// Index into the module list.
  public var moduleIndex: UInt32
  public var listAnnotations: [String]
  public var simpleAnnotations: [MinidumpSimpleAnnotation]
  public var annotations: [MinidumpAnnotation]

  public init(
    moduleIndex: UInt32, listAnnotations: [String] = [], simpleAnnotations: [MinidumpSimpleAnnotation] = [],
    annotations: [MinidumpAnnotation] = []
  ) {
    self.moduleIndex = moduleIndex
    self.listAnnotations = listAnnotations
    self.simpleAnnotations = simpleAnnotations
    self.annotations = annotations
  }

  /// Nothing to say: such an entry is not written.
  public var isEmpty: Bool { listAnnotations.isEmpty && simpleAnnotations.isEmpty && annotations.isEmpty }

  internal static let size = 28
}

/// Crashpad's identifiers and annotations: stream 0x43500001, 64 bytes.
public struct MinidumpCrashpadInfo: Hashable, Sendable {
  public var reportID: MinidumpGUID
  public var clientID: MinidumpGUID
  /// Of the process. Written in the order of the keys' bytes; of equal keys the first one stays.
  public var simpleAnnotations: [MinidumpSimpleAnnotation]
  public var modules: [MinidumpModuleCrashpadInfo]
  /// Bits of a pointer that are not address (pointer authentication); 0 for none.
  public var addressMask: UInt64

  public init(
    reportID: MinidumpGUID = .zero, clientID: MinidumpGUID = .zero,
    simpleAnnotations: [MinidumpSimpleAnnotation] = [], modules: [MinidumpModuleCrashpadInfo] = [],
    addressMask: UInt64 = 0
  ) {
    self.reportID = reportID
    self.clientID = clientID
    self.simpleAnnotations = simpleAnnotations
    self.modules = modules
    self.addressMask = addressMask
  }

  internal static let size = 64
  /// Before the address mask was added.
  internal static let sizeWithoutMask = 52
}

extension MinidumpCrashpadInfo {
  internal func encode(into output: MinidumpEncoder) {
    let record = output.reserve(Self.size)
    output.put(UInt32(1), at: record)
    reportID.encode(into: output, at: record + 4)
    clientID.encode(into: output, at: record + 20)
    output.put(addressMask, at: record + 56)
    if let (target, size) = MinidumpSimpleAnnotation.encode(simpleAnnotations, into: output) {
      output.putLocation(target, size: size, at: record + 36)
    }
    // A second entry for a module makes the whole file unreadable for Crashpad's own reader.
    var seen: Set<UInt32> = []
    let useful = modules.filter { !$0.isEmpty && seen.insert($0.moduleIndex).inserted }
    if useful.isEmpty { return }
    let list = output.reserve(4 + useful.count * 12)
    output.putLocation(list, size: 4 + useful.count * 12, at: record + 44)
    output.put(UInt32(truncatingIfNeeded: useful.count), at: list)
    for (index, module) in useful.enumerated() {
      output.put(module.moduleIndex, at: list + 4 + index * 12)
      output.putLocation(module.encode(into: output), size: MinidumpModuleCrashpadInfo.size, at: list + 8 + index * 12)
    }
  }
}

extension MinidumpModuleCrashpadInfo {
  fileprivate func encode(into output: MinidumpEncoder) -> Int {
    let record = output.reserve(Self.size)
    output.put(UInt32(1), at: record)
    if !listAnnotations.isEmpty {
      let size = 4 + listAnnotations.count * 4
      let list = output.reserve(size)
      output.putLocation(list, size: size, at: record + 4)
      output.put(UInt32(truncatingIfNeeded: listAnnotations.count), at: list)
      for (index, text) in listAnnotations.enumerated() {
        output.putRVA(output.appendUTF8(text), at: list + 4 + index * 4)
      }
    }
    if let (target, size) = MinidumpSimpleAnnotation.encode(simpleAnnotations, into: output) {
      output.putLocation(target, size: size, at: record + 12)
    }
    if !annotations.isEmpty {
      let size = 4 + annotations.count * 12
      let list = output.reserve(size)
      output.putLocation(list, size: size, at: record + 20)
      output.put(UInt32(truncatingIfNeeded: annotations.count), at: list)
      for (index, annotation) in annotations.enumerated() {
        let entry = list + 4 + index * 12
        output.put(annotation.kind.rawValue, at: entry + 4)
        output.putRVA(output.appendUTF8(annotation.name), at: entry)
        output.putRVA(output.appendByteArray(annotation.value), at: entry + 8)
      }
    }
    return record
  }
}

extension MinidumpSimpleAnnotation {
  /// In the order in which they are written: sorted by the bytes of the key, of equal keys the first one.
  internal static func sorted(_ annotations: [MinidumpSimpleAnnotation]) -> [MinidumpSimpleAnnotation] {
    let ordered = annotations.inOrder { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    var result: [MinidumpSimpleAnnotation] = []
    for annotation in ordered {
      if let last = result.last, last.key.utf8.elementsEqual(annotation.key.utf8) { continue }
      result.append(annotation)
    }
    return result
  }

  fileprivate static func encode(
    _ annotations: [MinidumpSimpleAnnotation], into output: MinidumpEncoder
  ) -> (Int, Int)? {
    if annotations.isEmpty { return nil }
    let entries = sorted(annotations)
    let size = 4 + entries.count * 8
    let list = output.reserve(size)
    output.put(UInt32(truncatingIfNeeded: entries.count), at: list)
    for (index, entry) in entries.enumerated() {
      output.putRVA(output.appendUTF8(entry.key), at: list + 4 + index * 8)
      output.putRVA(output.appendUTF8(entry.value), at: list + 8 + index * 8)
    }
    return (list, size)
  }
}
