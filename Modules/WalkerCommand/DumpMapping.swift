// Provides the memory map that a dump of a Linux process carries.
internal import LinuxSystem
internal import ProcessMemory

/// A line of `/proc/PID/maps`, as far as a walk needs it. Source: `proc(5)`.
struct DumpMapping: Equatable {
  let range: AddressRange
  let isReadable: Bool
  let isExecutable: Bool
  /// Empty for memory without a file.
  let path: FilePath

  /// More lines than this are left out: the kernel's own limit of mappings.
  private static let limit = 65_536

  static func parse(_ text: [UInt8]) -> [DumpMapping] {
    text.split(separator: UInt8(ascii: "\n")).prefix(limit).compactMap { DumpMapping(line: $0) }
  }

  /// `start-end perms offset device inode path`; `nil` for a line that is none.
  private init?(line: ArraySlice<UInt8>) {
    let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5, omittingEmptySubsequences: true)
    guard fields.count >= 5, fields[1].count >= 4 else { return nil }
    let limits = fields[0].split(separator: UInt8(ascii: "-"))
    guard limits.count == 2, let start = UInt64(String(decoding: limits[0], as: UTF8.self), radix: 16),
      let end = UInt64(String(decoding: limits[1], as: UTF8.self), radix: 16), end > start
    else { return nil }
    range = AddressRange(start: start, size: end - start)
    isReadable = fields[1].first == UInt8(ascii: "r")
    isExecutable = fields[1].dropFirst(2).first == UInt8(ascii: "x")
    path = FilePath(bytes: fields.count == 6 ? Array(fields[5].drop { $0 == UInt8(ascii: " ") }) : [])
  }
}
