// Provides what the x86 CPU says of itself.
internal import CLinuxShims

/// Results of cpuid, raw: the dump's system stream is made of them. All zero on other architectures.
public struct CPUIdentification: Hashable, Sendable {
  /// Leaf 0: ebx, edx, ecx, the vendor's name.
  public var vendor: [UInt32] = [0, 0, 0]
  /// Leaf 1 eax: family, model, stepping.
  public var version: UInt32 = 0
  /// Leaf 1.
  public var featuresEDX: UInt32 = 0, featuresECX: UInt32 = 0
  /// Leaf 7 subleaf 0 ebx.
  public var extendedFeaturesEBX: UInt32 = 0
  /// Leaf 0x80000001 edx.
  public var amdFeaturesEDX: UInt32 = 0

  public init() {}

  /// Family with the extended family added where it counts.
  public var family: UInt32 {
    let base = version >> 8 & 15
    return base == 15 ? base + (version >> 20 & 255) : base
  }
  /// Model with the extended model where it counts.
  public var model: UInt32 {
    let base = version >> 4 & 15
    let family = version >> 8 & 15
    return family == 6 || family == 15 ? base | (version >> 16 & 15) << 4 : base
  }
  public var stepping: UInt32 { version & 15 }

  static func current() -> CPUIdentification {
    var result = CPUIdentification()
    func leaf(_ number: UInt32) -> [UInt32] {
      var registers: [UInt32] = [0, 0, 0, 0]
      registers.withUnsafeMutableBufferPointer { buffer in
        if let base = buffer.baseAddress { linux_cpuid(number, 0, base) }
      }
      return registers
    }
    let basic = leaf(0)
    result.vendor = [basic[1], basic[3], basic[2]]
    if basic[0] >= 1 {
      let values = leaf(1)
      result.version = values[0]
      result.featuresECX = values[2]
      result.featuresEDX = values[3]
    }
    if basic[0] >= 7 { result.extendedFeaturesEBX = leaf(7)[1] }
    if leaf(0x8000_0000)[0] >= 0x8000_0001 { result.amdFeaturesEDX = leaf(0x8000_0001)[3] }
    return result
  }
}
