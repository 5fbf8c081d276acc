// Provides what a minidump says of the operating system and the CPU.

/// The instruction set of a dump: `ProcessorArchitecture`.
public struct MinidumpProcessorArchitecture: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt16
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  public static let x86 = Self(rawValue: 0)
  public static let mips = Self(rawValue: 1)
  public static let ppc = Self(rawValue: 3)
  public static let arm = Self(rawValue: 5)
  public static let amd64 = Self(rawValue: 9)
  /// A 32-bit process of x86 on 64-bit Windows.
  public static let x86OnAMD64 = Self(rawValue: 10)
  public static let arm64 = Self(rawValue: 12)
  /// A 32-bit process of ARM on 64-bit Windows.
  public static let armOnARM64 = Self(rawValue: 13)
  public static let x86OnARM64 = Self(rawValue: 14)
  public static let sparc = Self(rawValue: 0x8001)
  public static let ppc64 = Self(rawValue: 0x8002)
  /// ARM64 in dumps of Breakpad before 2020, with a context layout of its own.
  public static let arm64Breakpad = Self(rawValue: 0x8003)
  public static let mips64 = Self(rawValue: 0x8004)
  public static let riscv = Self(rawValue: 0x8005)
  public static let riscv64 = Self(rawValue: 0x8006)
  public static let unknown = Self(rawValue: 0xffff)

  /// Whether `SystemInfo` carries an x86 CPU's vendor and feature words instead of two feature masks.
  internal var hasX86CPUInformation: Bool { instructionSet == .x86 }

  /// The instruction set alone, without where it runs and which layout of registers the dump has: one of the numbers
  /// without "on", never `arm64Breakpad`.
  public var instructionSet: Self {
    switch self {
    case .x86OnAMD64, .x86OnARM64: .x86
    case .armOnARM64: .arm
    case .arm64Breakpad: .arm64
    default: self
    }
  }
}

/// The operating system of a dump: `PlatformId`.
public struct MinidumpPlatform: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let win32s = Self(rawValue: 0)
  public static let windows = Self(rawValue: 1)
  public static let windowsNT = Self(rawValue: 2)
  public static let unix = Self(rawValue: 0x8000)
  public static let macOS = Self(rawValue: 0x8101)
  public static let iOS = Self(rawValue: 0x8102)
  public static let linux = Self(rawValue: 0x8201)
  public static let solaris = Self(rawValue: 0x8202)
  public static let android = Self(rawValue: 0x8203)
  public static let playStation3 = Self(rawValue: 0x8204)
  public static let nativeClient = Self(rawValue: 0x8205)
  public static let fuchsia = Self(rawValue: 0x8206)
}

/// The 24 bytes of CPU facts in `SystemInfo`.
public enum MinidumpCPUInformation: Hashable, Sendable {
  /// x86: `cpuid` leaf 0 (ebx, edx, ecx), leaf 1 (eax, edx) and leaf 0x80000001 (edx, AMD only).
  case x86(vendor: MinidumpCPUVendor, version: UInt32, features: UInt32, amdFeatures: UInt32)
  /// All others: two masks of `PF_…` bits. Bits of AMD64 are listed in `docs/formats/minidump.md`.
  case other(features0: UInt64, features1: UInt64)
}

/// The vendor of an x86 CPU in the order of the registers of `cpuid` leaf 0.
public struct MinidumpCPUVendor: Hashable, Sendable {
  public var ebx: UInt32
  public var edx: UInt32
  public var ecx: UInt32
  public init(ebx: UInt32, edx: UInt32, ecx: UInt32) {
    self.ebx = ebx
    self.edx = edx
    self.ecx = ecx
  }

  /// The twelve letters, such as `GenuineIntel`; bytes that are not printable ASCII become `?`.
  public var text: String {
    var bytes: [UInt8] = []
    for word in [ebx, edx, ecx] {
      for shift: UInt32 in [0, 8, 16, 24] {
        let byte = UInt8(truncatingIfNeeded: word >> shift)
        if byte == 0 { continue }
        bytes.append(byte >= 32 && byte < 127 ? byte : 63)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// What a minidump says of the operating system and the CPU: stream 7, 56 bytes.
public struct MinidumpSystemInfo: Hashable, Sendable {
  public var architecture: MinidumpProcessorArchitecture
  /// x86 and AMD64: the CPU's family; otherwise 0.
  public var processorLevel: UInt16
  /// x86 and AMD64: model in the high byte, stepping in the low one; otherwise 0.
  public var processorRevision: UInt16
  /// CPUs online, 255 at most; 0 when unknown.
  public var processorCount: UInt8
  /// 1 workstation, 2 domain controller, 3 server.
  public var productType: UInt8
  /// Numbers of the kernel's release; 0xffffffff for what could not be parsed.
  public var majorVersion: UInt32
  public var minorVersion: UInt32
  public var buildNumber: UInt32
  public var platform: MinidumpPlatform
  public var suiteMask: UInt16
  public var cpu: MinidumpCPUInformation
  /// `CSDVersion`: on Linux what of the kernel's release follows the three numbers, then version and machine.
  public var serviceDescription: String

  public init(
    architecture: MinidumpProcessorArchitecture, platform: MinidumpPlatform = .linux, processorLevel: UInt16 = 0,
    processorRevision: UInt16 = 0, processorCount: UInt8 = 0, productType: UInt8 = 1, majorVersion: UInt32 = 0,
    minorVersion: UInt32 = 0, buildNumber: UInt32 = 0, suiteMask: UInt16 = 0,
    cpu: MinidumpCPUInformation = .other(features0: 0, features1: 0), serviceDescription: String = ""
  ) {
    self.architecture = architecture
    self.platform = platform
    self.processorLevel = processorLevel
    self.processorRevision = processorRevision
    self.processorCount = processorCount
    self.productType = productType
    self.majorVersion = majorVersion
    self.minorVersion = minorVersion
    self.buildNumber = buildNumber
    self.suiteMask = suiteMask
    self.cpu = cpu
    self.serviceDescription = serviceDescription
  }
}

extension MinidumpSystemInfo {
  /// Bytes of the fixed part.
  internal static let size = 56

  internal func encode(into output: MinidumpEncoder) {
    let record = output.reserve(Self.size)
    output.put(architecture.rawValue, at: record)
    output.put(processorLevel, at: record + 2)
    output.put(processorRevision, at: record + 4)
    output.put(processorCount, at: record + 6)
    output.put(productType, at: record + 7)
    output.put(majorVersion, at: record + 8)
    output.put(minorVersion, at: record + 12)
    output.put(buildNumber, at: record + 16)
    output.put(platform.rawValue, at: record + 20)
    output.put(suiteMask, at: record + 28)
    switch cpu {
    case .x86(let vendor, let version, let features, let amdFeatures):
      output.put(vendor.ebx, at: record + 32)
      output.put(vendor.edx, at: record + 36)
      output.put(vendor.ecx, at: record + 40)
      output.put(version, at: record + 44)
      output.put(features, at: record + 48)
      output.put(amdFeatures, at: record + 52)
    case .other(let features0, let features1):
      output.put(features0, at: record + 32)
      output.put(features1, at: record + 40)
    }
    output.putRVA(output.appendUTF16(serviceDescription), at: record + 24)
  }
}
