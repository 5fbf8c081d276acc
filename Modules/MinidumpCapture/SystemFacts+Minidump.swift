// Provides the facts of the machine in the form of a dump.
internal import MinidumpFormat
internal import ProcessSnapshot

extension SystemFacts {
  func minidumpSystemInfo(is64Bit: Bool) -> MinidumpSystemInfo {
    let release = KernelRelease(kernelRelease)
    let description = [release.rest, kernelVersion, machine].filter { !$0.isEmpty }.joined(separator: " ")
    return MinidumpSystemInfo(
      architecture: is64Bit ? .amd64 : .x86, platform: .linux,
      processorLevel: UInt16(truncatingIfNeeded: cpu.family),
      processorRevision: UInt16(truncatingIfNeeded: cpu.model << 8 | cpu.stepping),
      processorCount: UInt8(clamping: cpuCount), majorVersion: release.major, minorVersion: release.minor,
      buildNumber: release.patch, cpu: is64Bit ? .other(features0: features, features1: 0) : x86CPU,
      serviceDescription: description)
  }

  /// `sysname release version machine`.
  var buildString: String { "\(kernelName) \(kernelRelease) \(kernelVersion) \(machine)" }

  private var x86CPU: MinidumpCPUInformation {
    .x86(
      vendor: MinidumpCPUVendor(ebx: cpu.vendor[0], edx: cpu.vendor[1], ecx: cpu.vendor[2]), version: cpu.version,
      features: cpu.featuresEDX, amdFeatures: cpu.amdFeaturesEDX)
  }

  /// The `PF_…` bits of an AMD64 processor: docs/formats/minidump.md.
  private var features: UInt64 {
    var bits: UInt64 = 1 << 2
    func set(_ bit: UInt64, _ register: UInt32, _ source: UInt32) {
      if register >> source & 1 != 0 { bits |= 1 << bit }
    }
    set(3, cpu.featuresEDX, 23)
    set(6, cpu.featuresEDX, 25)
    set(7, cpu.amdFeaturesEDX, 31)
    set(8, cpu.featuresEDX, 4)
    set(9, cpu.featuresEDX, 6)
    set(10, cpu.featuresEDX, 26)
    set(12, cpu.amdFeaturesEDX, 20)
    set(13, cpu.featuresECX, 0)
    set(14, cpu.featuresECX, 13)
    set(17, cpu.featuresECX, 26)
    set(22, cpu.extendedFeaturesEBX, 0)
    set(28, cpu.featuresECX, 30)
    set(32, cpu.amdFeaturesEDX, 27)
    return bits
  }
}

/// `6.8.0-45-generic` in numbers. Parts that are no numbers are all ones, as readers know them.
struct KernelRelease: Equatable {
  var major = UInt32.max
  var minor = UInt32.max
  var patch = UInt32.max
  /// What follows the third number.
  var rest = ""

  init(_ text: String) {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3 else { return }
    let digits = parts[2].prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    guard let first = UInt32(String(decoding: parts[0], as: UTF8.self)) else { return }
    major = first
    guard let second = UInt32(String(decoding: parts[1], as: UTF8.self)) else { return }
    minor = second
    guard let third = UInt32(String(decoding: digits, as: UTF8.self)) else { return }
    patch = third
    rest = String(decoding: parts[2].dropFirst(digits.count), as: UTF8.self)
  }
}
