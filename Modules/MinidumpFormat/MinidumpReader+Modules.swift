// Provides the reading of modules.

extension MinidumpReader {
  internal func decodeModules() -> [MinidumpModule]? {
    guard let record = stream(.moduleList, minimum: 4),
      let (start, count) = list(
        record, .moduleList, entry: MinidumpModule.entrySize, stride: MemoryLayout<MinidumpModule>.stride, "modules")
    else { return nil }
    var modules: [MinidumpModule] = []
    modules.reserveCapacity(count)
    for index in 0..<max(count, 0) {
      let entry = record.entry(index, of: MinidumpModule.entrySize, from: start)
      var module = MinidumpModule(
        base: entry.u64(0), size: entry.u32(8),
        name: utf16(at: UInt64(entry.u32(20)), .moduleList, "name", index: index) ?? "", checksum: entry.u32(12),
        timestamp: entry.u32(16))
      module.version = MinidumpVersionInfo(decoding: entry.part(24, count: 52))
      if let identity = located(entry.part(76, count: 8), .moduleList, "CodeView record", index: index) {
        module.codeView = codeView(identity, index)
      }
      if let misc = located(entry.part(84, count: 8), .moduleList, "misc record", index: index) {
        module.miscRecord = copy(misc, .moduleList, "misc record", index: index) ?? []
      }
      modules.append(module)
    }
    return modules
  }

  private func codeView(_ record: MinidumpRecord, _ index: Int) -> MinidumpCodeView? {
    switch record.u32(0) {
    case MinidumpCodeView.Signature.elfBuildID where record.count >= 4:
      return copy(record.part(4), .moduleList, "CodeView record", index: index).map { .elfBuildID($0) }
    case MinidumpCodeView.Signature.pdb70 where record.count >= 24:
      let name = terminatedUTF8(record.part(24), .moduleList, "CodeView name", index: index)
      return .pdb70(guid: MinidumpGUID(decoding: record.part(4, count: 16)), age: record.u32(20), name: name ?? "")
    case MinidumpCodeView.Signature.pdb20 where record.count >= 16:
      let name = terminatedUTF8(record.part(16), .moduleList, "CodeView name", index: index)
      return .pdb20(offset: record.u32(4), signature: record.u32(8), age: record.u32(12), name: name ?? "")
    default:
      return copy(record, .moduleList, "CodeView record", index: index).map { .raw($0) }
    }
  }

  internal func decodeUnloadedModules() -> [MinidumpUnloadedModule]? {
    guard let record = stream(.unloadedModuleList, minimum: MinidumpUnloadedModule.headerSize),
      let (start, count, size) = sizedList(
        record, .unloadedModuleList, header: Int(record.u32(0)), entry: Int(record.u32(4)),
        count: UInt64(record.u32(8)), minimumHeader: MinidumpUnloadedModule.headerSize,
        minimumEntry: MinidumpUnloadedModule.entrySize, stride: MemoryLayout<MinidumpUnloadedModule>.stride, "modules")
    else { return nil }
    return (0..<max(count, 0)).map { index in
      let entry = record.entry(index, of: size, from: start)
      return MinidumpUnloadedModule(
        base: entry.u64(0), size: entry.u32(8),
        name: utf16(at: UInt64(entry.u32(20)), .unloadedModuleList, "name", index: index) ?? "",
        checksum: entry.u32(12), timestamp: entry.u32(16))
    }
  }
}

extension MinidumpGUID {
  internal init(decoding record: MinidumpRecord) {
    data1 = record.u32(0)
    data2 = record.u16(4)
    data3 = record.u16(6)
    data4 = (8..<16).reduce(0) { $0 << 8 | UInt64(record.u8($1)) }
  }
}

extension MinidumpVersionInfo {
  /// nil without the signature.
  internal init?(decoding record: MinidumpRecord) {
    if record.u32(0) != Self.signature { return nil }
    self.init()
    fileVersionHigh = record.u32(8)
    fileVersionLow = record.u32(12)
    productVersionHigh = record.u32(16)
    productVersionLow = record.u32(20)
    flagsMask = record.u32(24)
    flags = record.u32(28)
    operatingSystem = record.u32(32)
    fileType = record.u32(36)
    fileSubtype = record.u32(40)
    fileDateHigh = record.u32(44)
    fileDateLow = record.u32(48)
  }
}
