// Provides one line of /proc/PID/maps.
public import LinuxSystem
public import ProcessMemory

/// A mapping of a process's address space. Source: `proc_pid_maps(5)`.
public struct MemoryMapping: Hashable, Sendable {
  public let range: AddressRange
  public let isReadable: Bool
  public let isWritable: Bool
  public let isExecutable: Bool
  public let isShared: Bool
  /// Bytes into the file.
  public let offset: UInt64
  /// Major and minor number, `major << 32 | minor`; 0 for anonymous memory.
  public let device: UInt64
  public let inode: UInt64
  /// The file's path, or a name in brackets such as `[stack]`; empty for anonymous memory. May end in ` (deleted)`.
  public let name: FilePath

  public init(
    range: AddressRange, isReadable: Bool, isWritable: Bool, isExecutable: Bool, isShared: Bool, offset: UInt64,
    device: UInt64, inode: UInt64, name: FilePath
  ) {
    self.range = range
    self.isReadable = isReadable
    self.isWritable = isWritable
    self.isExecutable = isExecutable
    self.isShared = isShared
    self.offset = offset
    self.device = device
    self.inode = inode
    self.name = name
  }

  /// No file is mapped.
  public var isAnonymous: Bool { device == 0 && inode == 0 }

  /// The kernel's data pages of the vdso: reading them from outside fails or makes no sense.
  var isKernelData: Bool { inode == 0 && name.bytes.starts(with: "[vvar".utf8) }

  /// Takes a line up to its newline; `nil` when it is malformed.
  init?(line scanner: inout MapScanner) {
    // "r", "w", "x"; "s", "S" and "p".
    guard let start = scanner.hexadecimal(), scanner.skip(MapScanner.dash),
      let end = scanner.hexadecimal(), let range = AddressRange(start: start, end: end),
      scanner.skip(MapScanner.space), let readable = scanner.flag(0x72), let writable = scanner.flag(0x77),
      let executable = scanner.flag(0x78), let sharing = scanner.next(),
      sharing == 0x73 || sharing == 0x53 || sharing == 0x70, scanner.skip(MapScanner.space),
      let offset = scanner.hexadecimal(), scanner.skip(MapScanner.space),
      let major = scanner.hexadecimal(), scanner.skip(MapScanner.colon),
      let minor = scanner.hexadecimal(), major <= UInt32.max, minor <= UInt32.max,
      scanner.skip(MapScanner.space), let inode = scanner.number()
    else { return nil }
    self.init(
      range: range, isReadable: readable, isWritable: writable, isExecutable: executable, isShared: sharing != 0x70,
      offset: offset, device: major << 32 | minor, inode: inode, name: Self.name(scanner.name()))
  }

  /// The kernel writes a newline in a path as `\012`, and nothing else.
  private static func name(_ text: UnsafeBufferPointer<UInt8>) -> FilePath {
    if text.isEmpty { return "" }
    guard text.contains(UInt8(ascii: "\\")) else { return FilePath(bytes: text) }
    var result: [UInt8] = []
    var scanner = TextScanner(Array(text))
    while !scanner.isAtEnd {
      if scanner.skip("\\012") {
        result.append(0x0a)
      } else if let byte = scanner.next() {
        result.append(byte)
      }
    }
    return FilePath(bytes: result)
  }
}
