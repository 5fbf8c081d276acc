// Provides what a minidump says of the process and its machine: the MiscInfo stream.

/// Date fields of a time zone's change, as Windows counts them (`SYSTEMTIME`); all zero on Linux.
public struct MinidumpSystemTime: Hashable, Sendable {
  public var year: UInt16 = 0
  public var month: UInt16 = 0
  public var dayOfWeek: UInt16 = 0
  public var day: UInt16 = 0
  public var hour: UInt16 = 0
  public var minute: UInt16 = 0
  public var second: UInt16 = 0
  public var milliseconds: UInt16 = 0
  public init() {}
}

/// The time zone of the machine.
public struct MinidumpTimeZone: Hashable, Sendable {
  /// 0 no daylight saving time, 1 standard time now, 2 daylight saving time now.
  public var id: UInt32 = 0
  /// Minutes west of UTC of standard time.
  public var bias: Int32 = 0
  /// At most 31 UTF-16 units are stored.
  public var standardName: String = ""
  public var standardDate = MinidumpSystemTime()
  /// Minutes to add to `bias` in standard time.
  public var standardBias: Int32 = 0
  public var daylightName: String = ""
  public var daylightDate = MinidumpSystemTime()
  /// Minutes to add to `bias` in daylight saving time, mostly -60 or 0.
  public var daylightBias: Int32 = 0
  public init() {}
}

/// Frequencies and idle states of the CPU.
public struct MinidumpProcessorPower: Hashable, Sendable {
  /// MHz; 0 when unknown.
  public var maxMHz: UInt32 = 0
  public var currentMHz: UInt32 = 0
  public var limitMHz: UInt32 = 0
  public var maxIdleState: UInt32 = 0
  public var currentIdleState: UInt32 = 0
  public init() {}
}

/// Times of the process in seconds.
public struct MinidumpProcessTimes: Hashable, Sendable {
  /// Seconds since 1970.
  public var created: UInt32
  /// CPU seconds.
  public var user: UInt32
  public var kernel: UInt32
  public init(created: UInt32, user: UInt32, kernel: UInt32) {
    self.created = created
    self.user = user
    self.kernel = kernel
  }
}

/// Place and size of one register set in the extended state of a context.
public struct MinidumpXStateFeature: Hashable, Sendable {
  /// Number of the feature: its bit in the mask, 2 for AVX, 11 for CET's user state.
  public var index: Int
  /// Counted from the start of an XSAVE area, whose legacy part of 512 bytes lies elsewhere.
  public var offset: UInt32
  public var size: UInt32
  public init(index: Int, offset: UInt32, size: UInt32) {
    self.index = index
    self.offset = offset
    self.size = size
  }
}

/// What lies behind the fixed part of each context: `XSTATE_CONFIG_FEATURE_MSC_INFO`.
public struct MinidumpXStateConfiguration: Hashable, Sendable {
  /// Bytes of a context with its extended state.
  public var contextSize: UInt32
  public var enabledFeatures: UInt64
  /// Present features in order of their number, 64 at most.
  public var features: [MinidumpXStateFeature]
  public init(contextSize: UInt32, enabledFeatures: UInt64, features: [MinidumpXStateFeature]) {
    self.contextSize = contextSize
    self.enabledFeatures = enabledFeatures
    self.features = features
  }
}

/// What a minidump says of the process and its machine: stream 15. A part that is nil is marked as not valid.
///
/// Written as version 4 (832 bytes), as version 5 (1364) when there is `xState` or `processCookie`.
public struct MinidumpMiscInfo: Hashable, Sendable {
  public var processID: UInt32?
  public var processTimes: MinidumpProcessTimes?
  public var processorPower: MinidumpProcessorPower?
  public var integrityLevel: UInt32?
  public var executeFlags: UInt32?
  public var protectedProcess: UInt32?
  public var timeZone: MinidumpTimeZone?
  /// On Linux `sysname release version machine`. At most 259 UTF-16 units are stored.
  public var buildString: String?
  /// Who wrote the dump, such as `crashpad.amd64,0.8.0,linux`. Valid together with `buildString`; at most 39 units.
  public var debugBuildString: String?
  public var xState: MinidumpXStateConfiguration?
  public var processCookie: UInt32?

  public init(processID: UInt32? = nil) { self.processID = processID }
}

extension MinidumpMiscInfo {
  /// Bits of `Flags1`.
  internal enum Flag {
    static let processID: UInt32 = 0x1
    static let processTimes: UInt32 = 0x2
    static let processorPower: UInt32 = 0x4
    static let integrity: UInt32 = 0x10
    static let executeFlags: UInt32 = 0x20
    static let timeZone: UInt32 = 0x40
    static let protectedProcess: UInt32 = 0x80
    static let buildString: UInt32 = 0x100
    static let processCookie: UInt32 = 0x200
  }

  internal static let sizeVersion4 = 832
  internal static let sizeVersion5 = 1364
  /// Bytes of `XSTATE_CONFIG_FEATURE_MSC_INFO`.
  internal static let xStateSize: UInt32 = 528

  internal func encode(into output: MinidumpEncoder) {
    let size = xState != nil || processCookie != nil ? Self.sizeVersion5 : Self.sizeVersion4
    let record = output.reserve(size)
    var flags: UInt32 = 0
    output.put(UInt32(size), at: record)
    if let processID {
      flags |= Flag.processID
      output.put(processID, at: record + 8)
    }
    if let processTimes {
      flags |= Flag.processTimes
      output.put(processTimes.created, at: record + 12)
      output.put(processTimes.user, at: record + 16)
      output.put(processTimes.kernel, at: record + 20)
    }
    if let processorPower {
      flags |= Flag.processorPower
      output.put(processorPower.maxMHz, at: record + 24)
      output.put(processorPower.currentMHz, at: record + 28)
      output.put(processorPower.limitMHz, at: record + 32)
      output.put(processorPower.maxIdleState, at: record + 36)
      output.put(processorPower.currentIdleState, at: record + 40)
    }
    if let integrityLevel {
      flags |= Flag.integrity
      output.put(integrityLevel, at: record + 44)
    }
    if let executeFlags {
      flags |= Flag.executeFlags
      output.put(executeFlags, at: record + 48)
    }
    if let protectedProcess {
      flags |= Flag.protectedProcess
      output.put(protectedProcess, at: record + 52)
    }
    if let timeZone {
      flags |= Flag.timeZone
      output.put(timeZone.id, at: record + 56)
      output.put(timeZone.bias, at: record + 60)
      output.putFixedUTF16(timeZone.standardName, units: 32, at: record + 64)
      timeZone.standardDate.encode(into: output, at: record + 128)
      output.put(timeZone.standardBias, at: record + 144)
      output.putFixedUTF16(timeZone.daylightName, units: 32, at: record + 148)
      timeZone.daylightDate.encode(into: output, at: record + 212)
      output.put(timeZone.daylightBias, at: record + 228)
    }
    if buildString != nil || debugBuildString != nil {
      flags |= Flag.buildString
      output.putFixedUTF16(buildString ?? "", units: 260, at: record + 232)
      output.putFixedUTF16(debugBuildString ?? "", units: 40, at: record + 752)
    }
    if let xState {
      output.put(Self.xStateSize, at: record + 832)
      output.put(xState.contextSize, at: record + 836)
      output.put(xState.enabledFeatures, at: record + 840)
      for feature in xState.features where feature.index >= 0 && feature.index < 64 {
        output.put(feature.offset, at: record + 848 + feature.index * 8)
        output.put(feature.size, at: record + 852 + feature.index * 8)
      }
    }
    if let processCookie {
      flags |= Flag.processCookie
      output.put(processCookie, at: record + 1360)
    }
    output.put(flags, at: record + 4)
  }
}

extension MinidumpSystemTime {
  internal func encode(into output: MinidumpEncoder, at offset: Int) {
    output.put(year, at: offset)
    output.put(month, at: offset + 2)
    output.put(dayOfWeek, at: offset + 4)
    output.put(day, at: offset + 6)
    output.put(hour, at: offset + 8)
    output.put(minute, at: offset + 10)
    output.put(second, at: offset + 12)
    output.put(milliseconds, at: offset + 14)
  }
}
