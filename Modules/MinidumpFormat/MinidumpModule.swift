// Provides modules of a minidump: the ModuleList and UnloadedModuleList streams.

/// `VS_FIXEDFILEINFO`: versions and kind of a module.
public struct MinidumpVersionInfo: Hashable, Sendable {
  public var fileVersionHigh: UInt32 = 0
  public var fileVersionLow: UInt32 = 0
  public var productVersionHigh: UInt32 = 0
  public var productVersionLow: UInt32 = 0
  public var flagsMask: UInt32 = 0
  public var flags: UInt32 = 0
  public var operatingSystem: UInt32 = 0
  /// 0 unknown (Crashpad: the dynamic loader), 1 the main executable, 2 a shared object.
  public var fileType: UInt32 = 0
  public var fileSubtype: UInt32 = 0
  public var fileDateHigh: UInt32 = 0
  public var fileDateLow: UInt32 = 0
  public init(fileType: UInt32 = 0) { self.fileType = fileType }

  internal static let signature: UInt32 = 0xfeef_04bd
  internal static let structVersion: UInt32 = 0x0001_0000

  /// `a.b.c.d` of the file version.
  public var fileVersion: String {
    "\(fileVersionHigh >> 16).\(fileVersionHigh & 0xffff).\(fileVersionLow >> 16).\(fileVersionLow & 0xffff)"
  }
}

/// A module: 108 bytes in stream 4.
public struct MinidumpModule: Hashable, Sendable {
  /// The lowest mapped address of the image.
  public var base: UInt64
  /// Bytes from `base` to the end of the image; 0xffffffff at most.
  public var size: UInt32
  public var checksum: UInt32
  /// Seconds since 1970; 0 on Linux.
  public var timestamp: UInt32
  /// Path or file name.
  public var name: String
  /// nil when the record's signature is missing, as in dumps of Breakpad.
  public var version: MinidumpVersionInfo?
  public var codeView: MinidumpCodeView?
  /// An older record with the name of a file of symbols (`IMAGE_DEBUG_MISC`), as bytes; empty in practice.
  public var miscRecord: [UInt8] = []

  public init(
    base: UInt64, size: UInt32, name: String, checksum: UInt32 = 0, timestamp: UInt32 = 0,
    version: MinidumpVersionInfo? = MinidumpVersionInfo(), codeView: MinidumpCodeView? = nil
  ) {
    self.base = base
    self.size = size
    self.checksum = checksum
    self.timestamp = timestamp
    self.name = name
    self.version = version
    self.codeView = codeView
  }

  internal static let entrySize = 108
}

/// A module that had been unloaded: 24 bytes in stream 14.
public struct MinidumpUnloadedModule: Hashable, Sendable {
  public var base: UInt64
  public var size: UInt32
  public var checksum: UInt32
  public var timestamp: UInt32
  public var name: String

  public init(base: UInt64, size: UInt32, name: String, checksum: UInt32 = 0, timestamp: UInt32 = 0) {
    self.base = base
    self.size = size
    self.checksum = checksum
    self.timestamp = timestamp
    self.name = name
  }

  internal static let headerSize = 12
  internal static let entrySize = 24
}

extension MinidumpModule {
  internal static func encode(_ modules: [MinidumpModule], into output: MinidumpEncoder) {
    let list = output.reserve(4 + modules.count * entrySize)
    output.put(UInt32(truncatingIfNeeded: modules.count), at: list)
    for (index, module) in modules.enumerated() {
      let record = list + 4 + index * entrySize
      output.put(module.base, at: record)
      output.put(module.size, at: record + 8)
      output.put(module.checksum, at: record + 12)
      output.put(module.timestamp, at: record + 16)
      module.version?.encode(into: output, at: record + 24)
      output.putRVA(output.appendUTF16(module.name), at: record + 20)
      if let codeView = module.codeView {
        let (target, size) = codeView.encode(into: output)
        output.putLocation(target, size: size, at: record + 76)
      }
      if !module.miscRecord.isEmpty {
        let target = output.reserve(module.miscRecord.count)
        output.put(module.miscRecord, at: target)
        output.putLocation(target, size: module.miscRecord.count, at: record + 84)
      }
    }
  }
}

extension MinidumpUnloadedModule {
  internal static func encode(_ modules: [MinidumpUnloadedModule], into output: MinidumpEncoder) {
    let list = output.reserve(headerSize + modules.count * entrySize)
    output.put(UInt32(headerSize), at: list)
    output.put(UInt32(entrySize), at: list + 4)
    output.put(UInt32(truncatingIfNeeded: modules.count), at: list + 8)
    for (index, module) in modules.enumerated() {
      let record = list + headerSize + index * entrySize
      output.put(module.base, at: record)
      output.put(module.size, at: record + 8)
      output.put(module.checksum, at: record + 12)
      output.put(module.timestamp, at: record + 16)
      output.putRVA(output.appendUTF16(module.name), at: record + 20)
    }
  }
}

extension MinidumpVersionInfo {
  internal func encode(into output: MinidumpEncoder, at offset: Int) {
    output.put(Self.signature, at: offset)
    output.put(Self.structVersion, at: offset + 4)
    output.put(fileVersionHigh, at: offset + 8)
    output.put(fileVersionLow, at: offset + 12)
    output.put(productVersionHigh, at: offset + 16)
    output.put(productVersionLow, at: offset + 20)
    output.put(flagsMask, at: offset + 24)
    output.put(flags, at: offset + 28)
    output.put(operatingSystem, at: offset + 32)
    output.put(fileType, at: offset + 36)
    output.put(fileSubtype, at: offset + 40)
    output.put(fileDateHigh, at: offset + 44)
    output.put(fileDateLow, at: offset + 48)
  }
}
