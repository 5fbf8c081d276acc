// Provides facts about the machine and its kernel.
internal import CLinuxShims
internal import LinuxSystem

/// The machine that the process runs on.
public struct SystemFacts: Sendable {
  /// `uname(2)`.
  public var kernelName = "", kernelRelease = "", kernelVersion = "", machine = ""
  /// CPUs that are online; 0 when unknown.
  public var cpuCount = 0
  /// kHz, of the first CPU that is online; 0 when unknown.
  public var cpuFrequency: UInt64 = 0, cpuMaximumFrequency: UInt64 = 0
  public var cpu = CPUIdentification()
  public var timeZone = TimeZoneFacts()
  /// The text of `/etc/os-release`.
  public var osRelease: [UInt8] = []
  /// The text of `/proc/cpuinfo`, its first CPU only: others repeat it.
  public var cpuInfo: [UInt8] = []
  /// What could not be read, and is empty here.
  public var softErrors: [SoftError] = []

  public init() {}

  /// Reads everything.
  public static func current() -> SystemFacts {
    var facts = SystemFacts()
    var record = utsname()
    if uname(&record) == 0 {
      func text<T>(_ field: T) -> String {
        withUnsafeBytes(of: field) { bytes in String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
      }
      facts.kernelName = text(record.sysname)
      facts.kernelRelease = text(record.release)
      facts.kernelVersion = text(record.version)
      facts.machine = text(record.machine)
    } else {
      facts.softErrors.append(SoftError("system", "uname failed"))
    }
    let online = (try? FileSystem.read("/sys/devices/system/cpu/online", limit: 65536)) ?? []
    if let cpus = CPUList(online) {
      facts.cpuCount = cpus.count
      let folder = "/sys/devices/system/cpu/cpu\(cpus.first)/cpufreq"
      facts.cpuFrequency = number("\(folder)/scaling_cur_freq")
      facts.cpuMaximumFrequency = number("\(folder)/scaling_max_freq")
    } else {
      facts.softErrors.append(SoftError("system", "the list of CPUs cannot be read"))
    }
    facts.cpu = CPUIdentification.current()
    facts.timeZone = TimeZoneFacts.current()
    facts.osRelease = (try? FileSystem.read("/etc/os-release", limit: 65536)) ?? []
    facts.cpuInfo = firstParagraph(beginning("/proc/cpuinfo", count: 8192))
    return facts
  }

  private static func number(_ path: String) -> UInt64 {
    var scanner = TextScanner((try? FileSystem.read(FilePath(path), limit: 64)) ?? [])
    return scanner.number() ?? 0
  }

  /// The kernel makes `/proc/cpuinfo` while it is read and asks each CPU for its frequency: on a large machine the whole
  /// file takes longer than the rest of a capture.
  private static func beginning(_ path: FilePath, count: Int) -> [UInt8] {
    guard let file = try? FileSystem.open(path) else { return [] }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = (try? file.read(into: UnsafeMutableRawBufferPointer(buffer))) ?? 0
    }
  }

  private static func firstParagraph(_ text: [UInt8]) -> [UInt8] {
    var previous: UInt8 = 0
    for (index, byte) in text.enumerated() {
      if byte == 0x0a, previous == 0x0a { return Array(text[..<index]) }
      previous = byte
    }
    return text
  }
}

/// A list of CPUs as the kernel writes it: `0-3,7`.
struct CPUList {
  let count: Int
  let first: UInt64

  init?(_ text: [UInt8]) {
    var scanner = TextScanner(text)
    var total: UInt64 = 0
    var first: UInt64?
    repeat {
      guard let low = scanner.number() else { return nil }
      var high = low
      if scanner.skip(UInt8(ascii: "-")) {
        guard let end = scanner.number(), end > low else { return nil }
        high = end
      }
      guard high - low < 1 << 20 else { return nil }
      total = min(total + (high - low) + 1, 1 << 20)
      first = first ?? low
    } while scanner.skip(UInt8(ascii: ","))
    guard scanner.skip(0x0a), let first else { return nil }
    count = Int(total)
    self.first = first
  }
}
