// Provides the streams of the fallback dump that are known before a crash: the system, the modules, who made it.
internal import CLinuxShims
internal import LinuxSystem
internal import LocalStack

/// Bytes for the file from `crash_fallback_prepared_offset()` on, and where the streams lie in them.
///
/// Layouts: docs/formats/minidump.md. Made outside the crash path, from the modules that are loaded at that moment.
internal struct FallbackStreams {
  /// A part of the file.
  struct Location {
    var offset: UInt32 = 0
    var size: UInt32 = 0
  }

  private(set) var bytes: [UInt8] = []
  private(set) var systemInfo = Location()
  private(set) var moduleList = Location()
  private(set) var crashpadInfo = Location()

  private static let systemInfoSize = 56
  private static let moduleSize = 108
  private static let crashpadInfoSize = 64
  /// PROCESSOR_ARCHITECTURE_AMD64, and the platform identifier of Linux.
  private static let amd64: UInt16 = 9
  private static let linux: UInt32 = 0x8201
  /// "LEpB": a CodeView record that holds a build ID.
  private static let buildIDSignature: UInt32 = 0x4270_454c

  /// - Parameters:
  ///   - annotations: of the process; sorted by key.
  init(reportID: UniqueID, annotations: [(key: String, value: String)]) {
    addSystemInfo()
    addModules(LoadedModules.current().modules)
    addCrashpadInfo(reportID, annotations)
  }

  private mutating func addSystemInfo() {
    let record = reserve(Self.systemInfoSize)
    put(Self.amd64, at: record)
    put(UInt8(clamping: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))), at: record + 6)
    put(Self.linux, at: record + 20)
    var names = utsname()
    var version: [UInt8] = []
    if uname(&names) == 0 {
      version = Self.text(&names.sysname) + [0x20] + Self.text(&names.release) + [0x20] + Self.text(&names.version)
    }
    put(fileOffset(appendUTF16(version)), at: record + 24)
    systemInfo = Location(offset: fileOffset(record), size: UInt32(Self.systemInfoSize))
  }

  private static func text<Field>(_ field: inout Field) -> [UInt8] {
    withUnsafeBytes(of: &field) { Array($0.prefix { $0 != 0 }) }
  }

  private mutating func addModules(_ modules: [LoadedModule]) {
    // The program first, as readers expect it.
    let executable = try? FileSystem.executable()
    let ordered = modules.filter { $0.path == executable } + modules.filter { $0.path != executable }
    let size = 4 + ordered.count * Self.moduleSize
    let list = reserve(size)
    put(UInt32(ordered.count), at: list)
    for (index, module) in ordered.enumerated() {
      let record = list + 4 + index * Self.moduleSize
      put(UInt64(module.base), at: record)
      put(UInt32(clamping: module.size), at: record + 8)
      put(fileOffset(appendUTF16(module.path.bytes)), at: record + 20)
      if module.buildID.isEmpty { continue }
      let codeView = reserve(4 + module.buildID.count)
      put(Self.buildIDSignature, at: codeView)
      for (offset, byte) in module.buildID.enumerated() { put(byte, at: codeView + 4 + offset) }
      put(UInt32(4 + module.buildID.count), at: record + 76)
      put(fileOffset(codeView), at: record + 80)
    }
    moduleList = Location(offset: fileOffset(list), size: UInt32(size))
  }

  private mutating func addCrashpadInfo(_ reportID: UniqueID, _ annotations: [(key: String, value: String)]) {
    let record = reserve(Self.crashpadInfoSize)
    put(UInt32(1), at: record)
    for (offset, byte) in reportID.mixedEndianBytes.enumerated() { put(byte, at: record + 4 + offset) }
    let size = 4 + annotations.count * 8
    let dictionary = reserve(size)
    put(UInt32(annotations.count), at: dictionary)
    for (index, annotation) in annotations.enumerated() {
      put(fileOffset(appendUTF8(annotation.key)), at: dictionary + 4 + index * 8)
      put(fileOffset(appendUTF8(annotation.value)), at: dictionary + 8 + index * 8)
    }
    put(UInt32(size), at: record + 36)
    put(fileOffset(dictionary), at: record + 40)
    crashpadInfo = Location(offset: fileOffset(record), size: UInt32(Self.crashpadInfoSize))
  }

  /// Where the report's identifier is in `bytes`.
  static func identifierOffset(_ streams: FallbackStreams) -> Int {
    Int(streams.crashpadInfo.offset &- crash_fallback_prepared_offset()) + 4
  }

  // MARK: - Bytes

  private func fileOffset(_ position: Int) -> UInt32 { crash_fallback_prepared_offset() &+ UInt32(clamping: position) }

  /// Zeros, at a position that is a multiple of 4.
  private mutating func reserve(_ count: Int) -> Int {
    while bytes.count & 3 != 0 { bytes.append(0) }
    let position = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: count))
    return position
  }

  private mutating func put<Number: FixedWidthInteger>(_ number: Number, at position: Int) {
    for index in 0..<(Number.bitWidth / 8) {
      bytes[position + index] = UInt8(truncatingIfNeeded: number >> Number(index * 8))
    }
  }

  /// A counted string with a NUL that is not counted. Bytes that are no UTF-8 are replaced.
  private mutating func appendUTF16(_ text: [UInt8]) -> Int {
    var units: [UInt16] = []
    for unit in String(decoding: text, as: UTF8.self).utf16 { units.append(unit) }
    let position = reserve(4 + (units.count + 1) * 2)
    put(UInt32(units.count * 2), at: position)
    for (index, unit) in units.enumerated() { put(unit, at: position + 4 + index * 2) }
    return position
  }

  private mutating func appendUTF8(_ text: String) -> Int {
    let units = Array(text.utf8)
    let position = reserve(4 + units.count + 1)
    put(UInt32(units.count), at: position)
    for (index, unit) in units.enumerated() { put(unit, at: position + 4 + index) }
    return position
  }
}
