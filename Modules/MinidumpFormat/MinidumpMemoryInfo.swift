// Provides regions of the address space: the MemoryInfoList stream.

/// A region of the address space in the terms of Windows: 48 bytes in stream 16.
public struct MinidumpMemoryInfo: Hashable, Sendable {
  /// Whether pages are there: `MEM_COMMIT`, `MEM_RESERVE`, `MEM_FREE`.
  public struct State: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    public static let commit = Self(rawValue: 0x1000)
    public static let reserve = Self(rawValue: 0x2000)
    public static let free = Self(rawValue: 0x1_0000)
  }

  /// Access rights: `PAGE_…`.
  public struct Protection: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    public static let noAccess = Self(rawValue: 0x01)
    public static let readOnly = Self(rawValue: 0x02)
    public static let readWrite = Self(rawValue: 0x04)
    public static let writeCopy = Self(rawValue: 0x08)
    public static let execute = Self(rawValue: 0x10)
    public static let executeRead = Self(rawValue: 0x20)
    public static let executeReadWrite = Self(rawValue: 0x40)
    public static let executeWriteCopy = Self(rawValue: 0x80)
    public static let guardPage = Self(rawValue: 0x100)

    /// The rights of a Linux mapping. Write without read does not exist here and becomes read and write.
    public init(read: Bool, write: Bool, execute: Bool) {
      self =
        switch (read, write, execute) {
        case (false, false, false): .noAccess
        case (true, false, false): .readOnly
        case (_, true, false): .readWrite
        case (false, false, true): .execute
        case (true, false, true): .executeRead
        case (_, true, true): .executeReadWrite
        }
    }
  }

  /// What is behind the pages: `MEM_PRIVATE`, `MEM_MAPPED`, `MEM_IMAGE`.
  public struct Kind: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    public static let `private` = Self(rawValue: 0x2_0000)
    public static let mapped = Self(rawValue: 0x4_0000)
    public static let image = Self(rawValue: 0x100_0000)
  }

  public var base: UInt64
  public var allocationBase: UInt64
  public var allocationProtection: Protection
  public var size: UInt64
  public var state: State
  public var protection: Protection
  public var kind: Kind

  public init(
    base: UInt64, size: UInt64, state: State = .commit, protection: Protection, kind: Kind,
    allocationBase: UInt64? = nil, allocationProtection: Protection? = nil
  ) {
    self.base = base
    self.allocationBase = allocationBase ?? base
    self.allocationProtection = allocationProtection ?? protection
    self.size = size
    self.state = state
    self.protection = protection
    self.kind = kind
  }

  internal static let headerSize = 16
  internal static let entrySize = 48

  internal static func encode(_ regions: [MinidumpMemoryInfo], into output: MinidumpEncoder) {
    let list = output.reserve(headerSize + regions.count * entrySize)
    output.put(UInt32(headerSize), at: list)
    output.put(UInt32(entrySize), at: list + 4)
    output.put(UInt64(regions.count), at: list + 8)
    for (index, region) in regions.enumerated() {
      let record = list + headerSize + index * entrySize
      output.put(region.base, at: record)
      output.put(region.allocationBase, at: record + 8)
      output.put(region.allocationProtection.rawValue, at: record + 16)
      output.put(region.size, at: record + 24)
      output.put(region.state.rawValue, at: record + 32)
      output.put(region.protection.rawValue, at: record + 36)
      output.put(region.kind.rawValue, at: record + 40)
    }
  }
}
