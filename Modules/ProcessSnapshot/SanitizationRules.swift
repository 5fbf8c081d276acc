// Provides what a client allows a report to hold.
public import ProcessMemory

/// What a client allows a report to hold. It keeps this in its own memory and gives the address with its dump request.
///
/// Source: docs/formats/process-snapshot.md, section 11.
public struct SanitizationRules: Hashable, Sendable {
  /// Patterns for names of annotations, `nil`: all are allowed. Each has a `*` for any run of bytes, a `?` for one byte or
  /// none, a `\` before a byte that means itself.
  public var allowedAnnotations: [[UInt8]]?
  /// An address in the module that must have a part in the crash; `nil`: none must.
  public var targetModule: UInt64?
  /// Memory that may be taken along, beside the stacks.
  public var allowedMemory: [AddressRange]
  /// Whether words of the stacks that are neither small nor pointers to code and stacks are overwritten.
  public var sanitizesStacks: Bool

  public static let size = 25
  private static let annotationLimit = 4096, nameLimit = 256, rangeLimit: UInt64 = 256
  /// Bytes of all patterns times bytes of all names that are looked at.
  private static let costLimit = 1 << 29

  public init(
    allowedAnnotations: [[UInt8]]? = nil, targetModule: UInt64? = nil, allowedMemory: [AddressRange] = [],
    sanitizesStacks: Bool = false
  ) {
    self.allowedAnnotations = allowedAnnotations
    self.targetModule = targetModule
    self.allowedMemory = allowedMemory
    self.sanitizesStacks = sanitizesStacks
  }

  /// Reads the rules of a client: {u64 annotations, u64 module, u64 ranges, u8 stacks}.
  ///
  /// - Parameter process: for messages.
  /// - Throws: what cannot be read or makes no sense. There must be no report then: nobody knows what it may hold.
  public init(
    at address: UInt64, memory: any MemoryReader, is64Bit: Bool, process: Int32
  ) throws(ProcessSnapshotError) {
    do throws(Problem) {
      try self.init(address, memory, is64Bit)
    } catch {
      throw ProcessSnapshotError(
        .invalidSanitization, processID: process, "its rules for a sanitized report: \(error.message)")
    }
  }

  private struct Problem: Error { let message: String }

  private init(_ address: UInt64, _ memory: any MemoryReader, _ is64Bit: Bool) throws(Problem) {
    let bytes = memory.readAvailable(at: address, count: Self.size)
    guard bytes.count == Self.size, let annotations: UInt64 = bytes.littleEndian(at: 0),
      let module: UInt64 = bytes.littleEndian(at: 8), let ranges: UInt64 = bytes.littleEndian(at: 16)
    else { throw Problem(message: "they cannot be read") }
    self.init(targetModule: module == 0 ? nil : module, sanitizesStacks: bytes[24] != 0)
    if annotations != 0 { allowedAnnotations = try Self.names(annotations, memory, is64Bit) }
    if ranges != 0 { allowedMemory = try Self.ranges(ranges, memory, is64Bit) }
  }

  /// Pointers to C strings, up to a null pointer.
  private static func names(
    _ address: UInt64, _ memory: any MemoryReader, _ is64Bit: Bool
  ) throws(Problem) -> [[UInt8]] {
    var names: [[UInt8]] = []
    var position = address
    while names.count < annotationLimit {
      guard let pointer = try? memory.readPointer(at: position, is64Bit: is64Bit) else { break }
      if pointer == 0 { return names }
      guard let name = try? memory.readCString(at: pointer, limit: nameLimit) else { break }
      names.append(name)
      let next = position.addingReportingOverflow(is64Bit ? 8 : 4)
      if next.overflow { break }
      position = next.partialValue
    }
    throw Problem(message: "the list of allowed annotations cannot be read")
  }

  /// {u64 address of the entries, u64 count}; entries are {u64 start, u64 size}.
  private static func ranges(
    _ address: UInt64, _ memory: any MemoryReader, _ is64Bit: Bool
  ) throws(Problem) -> [AddressRange] {
    guard let entries = try? memory.readUInt64(at: address), let count = try? memory.readUInt64(at: address &+ 8),
      count <= rangeLimit
    else { throw Problem(message: "the list of allowed memory cannot be read, or has more than \(rangeLimit) ranges") }
    let bytes = memory.readAvailable(at: entries, count: Int(count) * 16)
    guard bytes.count == Int(count) * 16 else { throw Problem(message: "the list of allowed memory cannot be read") }
    let limit: UInt64 = is64Bit ? .max : 1 << 32
    var result: [AddressRange] = []
    for index in 0..<Int(count) {
      let start = bytes.littleEndian(UInt64.self, at: index * 16) ?? 0
      let (end, overflow) = start.addingReportingOverflow(bytes.littleEndian(UInt64.self, at: index * 16 + 8) ?? 0)
      guard !overflow, end <= limit, let range = AddressRange(start: start, end: end) else {
        throw Problem(message: "a range of allowed memory leaves the address space")
      }
      result.append(range)
    }
    return result
  }

  /// Whether an annotation of this name may be in the report.
  public func allows(annotation name: [UInt8]) -> Bool { AllowedNames(self).contains(name) }

  /// Whether so many names can be compared with the patterns in a bearable time: a hostile client may have thousands of
  /// both.
  func canCompare(names: [Int]) -> Bool {
    let patterns = (allowedAnnotations ?? []).reduce(0) { $0 + $1.count + 1 }
    return names.reduce(0) { $0 + $1 + 1 } <= Self.costLimit / max(patterns, 1)
  }
}
