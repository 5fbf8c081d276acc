// Provides the reading of SystemInfo and MiscInfo.

extension MinidumpReader {
  internal func decodeSystemInfo() -> MinidumpSystemInfo? {
    // What follows the platform was always there, but a stream that is cut off still tells the CPU.
    guard let record = stream(.systemInfo, minimum: 24) else { return nil }
    if record.count < MinidumpSystemInfo.size { note(.tooSmall, .systemInfo, "the CPU's facts", UInt64(record.count)) }
    let architecture = MinidumpProcessorArchitecture(rawValue: record.u16(0))
    var info = MinidumpSystemInfo(architecture: architecture)
    info.processorLevel = record.u16(2)
    info.processorRevision = record.u16(4)
    info.processorCount = record.u8(6)
    info.productType = record.u8(7)
    info.majorVersion = record.u32(8)
    info.minorVersion = record.u32(12)
    info.buildNumber = record.u32(16)
    info.platform = MinidumpPlatform(rawValue: record.u32(20))
    info.suiteMask = record.u16(28)
    if architecture.hasX86CPUInformation {
      info.cpu = .x86(
        vendor: MinidumpCPUVendor(ebx: record.u32(32), edx: record.u32(36), ecx: record.u32(40)),
        version: record.u32(44), features: record.u32(48), amdFeatures: record.u32(52))
    } else {
      info.cpu = .other(features0: record.u64(32), features1: record.u64(40))
    }
    let text = record.u32(24)
    if text != 0 {
      info.serviceDescription = utf16(at: UInt64(text), .systemInfo, "csd") ?? ""
    }
    return info
  }

  internal func decodeMiscInfo() -> MinidumpMiscInfo? {
    // Flags say what is valid, the stream's size what is there; SizeOfInfo is 0 in dumps of yaml2obj.
    guard let record = stream(.miscInfo, minimum: 8) else { return nil }
    typealias Flag = MinidumpMiscInfo.Flag
    let flags = record.u32(4)
    func valid(_ flag: UInt32, upTo end: Int) -> Bool { flags & flag != 0 && record.count >= end }
    var info = MinidumpMiscInfo()
    if valid(Flag.processID, upTo: 12) { info.processID = record.u32(8) }
    if valid(Flag.processTimes, upTo: 24) {
      info.processTimes = MinidumpProcessTimes(created: record.u32(12), user: record.u32(16), kernel: record.u32(20))
    }
    if valid(Flag.processorPower, upTo: 44) {
      var power = MinidumpProcessorPower()
      power.maxMHz = record.u32(24)
      power.currentMHz = record.u32(28)
      power.limitMHz = record.u32(32)
      power.maxIdleState = record.u32(36)
      power.currentIdleState = record.u32(40)
      info.processorPower = power
    }
    if valid(Flag.integrity, upTo: 48) { info.integrityLevel = record.u32(44) }
    if valid(Flag.executeFlags, upTo: 52) { info.executeFlags = record.u32(48) }
    if valid(Flag.protectedProcess, upTo: 56) { info.protectedProcess = record.u32(52) }
    if valid(Flag.timeZone, upTo: 232) { info.timeZone = decodeTimeZone(record) }
    if valid(Flag.buildString, upTo: 832) {
      info.buildString = fixedUTF16(record.part(232, count: 520), .miscInfo, "build string")
      info.debugBuildString = fixedUTF16(record.part(752, count: 80), .miscInfo, "debug build string")
    }
    if record.count >= 1360, record.u64(840) != 0 { info.xState = decodeXState(record.part(832, count: 528)) }
    if valid(Flag.processCookie, upTo: 1364) { info.processCookie = record.u32(1360) }
    return info
  }

  private func decodeTimeZone(_ record: MinidumpRecord) -> MinidumpTimeZone {
    var zone = MinidumpTimeZone()
    zone.id = record.u32(56)
    zone.bias = Int32(bitPattern: record.u32(60))
    zone.standardName = fixedUTF16(record.part(64, count: 64), .miscInfo, "time zone") ?? ""
    zone.standardDate = MinidumpSystemTime(decoding: record.part(128, count: 16))
    zone.standardBias = Int32(bitPattern: record.u32(144))
    zone.daylightName = fixedUTF16(record.part(148, count: 64), .miscInfo, "time zone") ?? ""
    zone.daylightDate = MinidumpSystemTime(decoding: record.part(212, count: 16))
    zone.daylightBias = Int32(bitPattern: record.u32(228))
    return zone
  }

  private func decodeXState(_ record: MinidumpRecord) -> MinidumpXStateConfiguration? {
    guard charge(64 &* MemoryLayout<MinidumpXStateFeature>.stride, .miscInfo, "extended state") else { return nil }
    var features: [MinidumpXStateFeature] = []
    for index in 0..<64 {
      let (offset, size) = (record.u32(16 + index * 8), record.u32(20 + index * 8))
      if offset != 0 || size != 0 { features.append(MinidumpXStateFeature(index: index, offset: offset, size: size)) }
    }
    return MinidumpXStateConfiguration(
      contextSize: record.u32(4), enabledFeatures: record.u64(8), features: features)
  }
}

extension MinidumpSystemTime {
  internal init(decoding record: MinidumpRecord) {
    year = record.u16(0)
    month = record.u16(2)
    dayOfWeek = record.u16(4)
    day = record.u16(6)
    hour = record.u16(8)
    minute = record.u16(10)
    second = record.u16(12)
    milliseconds = record.u16(14)
  }
}
