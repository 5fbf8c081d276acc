// Provides a small ELF image as a loader would have mapped it, with a list of modules, symbols and unwind tables.

/// Memory of a process that consists of one image at `base`, followed by what the targets of memory ask for.
enum ImageSeed {
  static let base: UInt64 = 0x40_0000
  static let loaderState = 0x400, linkMap = 0x440, dynamic = 0x200, strings = 0x300, symbols = 0x340, hash = 0x3a0
  static let record = 0x500, siginfo = 0x600, ucontext = 0x680, message = 0x900, unwindHeader = 0xa00, frames = 0xa40

  static func image() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 0x1000)
    bytes.put("\u{7f}ELF", at: 0)
    for (offset, value) in [(4, 2), (5, 1), (6, 1)] { bytes.put(UInt8(value), at: offset) }
    for (offset, value) in [(16, 3), (18, 62), (52, 64), (54, 56), (56, 4)] { bytes.put(UInt16(value), at: offset) }
    bytes.put(UInt32(1), at: 20)
    bytes.put(UInt64(64), at: 32)
    segment(&bytes, 0, type: 1, flags: 7, at: 0, size: 0x1000)
    segment(&bytes, 1, type: 2, flags: 6, at: dynamic, size: 0xb0)
    segment(&bytes, 2, type: 4, flags: 4, at: 0x180, size: 0x24)
    segment(&bytes, 3, type: 0x6474_e550, flags: 4, at: unwindHeader, size: 0x20)
    // A build ID.
    for (offset, value) in [(0, 4), (4, 20), (8, 3)] { bytes.put(UInt32(value), at: 0x180 + offset) }
    bytes.put("GNU", at: 0x18c)
    for index in 0..<20 { bytes.put(UInt8(index), at: 0x190 + index) }
    let tags: [(UInt64, UInt64)] = [
      (5, UInt64(strings) + base), (10, 0x40), (6, UInt64(symbols) + base), (4, UInt64(hash) + base), (14, 1),
      (21, UInt64(loaderState) + base), (0, 0),
    ]
    for (index, (tag, value)) in tags.enumerated() {
      bytes.put(tag, at: dynamic + index * 16)
      bytes.put(value, at: dynamic + index * 16 + 8)
    }
    bytes.put("libc.so.6", at: strings + 1)
    bytes.put("__abort_msg", at: strings + 16)
    bytes.put(UInt32(16), at: symbols + 24)
    bytes.put(UInt8(0x11), at: symbols + 28)
    bytes.put(UInt16(1), at: symbols + 30)
    bytes.put(UInt64(message), at: symbols + 32)
    for (index, value) in [1, 2, 1, 0, 0].enumerated() { bytes.put(UInt32(value), at: hash + index * 4) }
    loader(&bytes)
    crash(&bytes)
    unwind(&bytes)
    return bytes
  }

  private static func segment(
    _ bytes: inout [UInt8], _ index: Int, type: UInt32, flags: UInt32, at offset: Int, size: Int
  ) {
    let at = 64 + index * 56
    bytes.put(type, at: at)
    bytes.put(flags, at: at + 4)
    for field in [8, 16, 24] { bytes.put(UInt64(offset), at: at + field) }
    for field in [32, 40] { bytes.put(UInt64(size), at: at + field) }
    bytes.put(UInt64(4096), at: at + 48)
  }

  /// `r_debug` and two entries of the list.
  private static func loader(_ bytes: inout [UInt8]) {
    bytes.put(UInt32(1), at: loaderState)
    bytes.put(UInt64(linkMap) + base, at: loaderState + 8)
    for (index, next) in [UInt64(linkMap + 40) + base, 0].enumerated() {
      let entry = linkMap + index * 40
      bytes.put(base, at: entry)
      bytes.put(UInt64(strings + 1) + base, at: entry + 8)
      bytes.put(UInt64(dynamic) + base &+ UInt64(index), at: entry + 16)
      bytes.put(next, at: entry + 24)
    }
  }

  /// Exception information with our extension, siginfo, ucontext, and a message.
  private static func crash(_ bytes: inout [UInt8]) {
    bytes.put(UInt64(siginfo) + base, at: record)
    bytes.put(UInt64(ucontext) + base, at: record + 8)
    bytes.put(UInt32(42), at: record + 16)
    bytes.put(UInt32(128), at: record + 20)
    bytes.put(UInt64(0x7372_4374_6669_7753), at: record + 24)
    bytes.put(UInt64(message) + base, at: record + 40)
    bytes.put(UInt32(11), at: siginfo)
    bytes.put(UInt32(1), at: siginfo + 8)
    bytes.put(UInt64(0x10), at: siginfo + 16)
    bytes.put(UInt64(0x7ffd_0000), at: ucontext + 40 + 15 * 8)
    bytes.put(UInt64(0xc00) + base, at: ucontext + 40 + 16 * 8)
    bytes.put(UInt64(message + 8) + base, at: message)
    bytes.put("Fatal error", at: message + 8)
  }

  /// `.eh_frame_hdr` with one entry, a CIE and an FDE for 64 bytes of code at 0xc00.
  private static func unwind(_ bytes: inout [UInt8]) {
    for (index, value) in [1, 0x1b, 0x03, 0x3b].enumerated() { bytes.put(UInt8(value), at: unwindHeader + index) }
    bytes.put(Int32(frames - unwindHeader - 4), at: unwindHeader + 4)
    bytes.put(UInt32(1), at: unwindHeader + 8)
    bytes.put(Int32(0xc00 - unwindHeader), at: unwindHeader + 12)
    bytes.put(Int32(frames + 24 - unwindHeader), at: unwindHeader + 16)
    let common: [UInt8] = [
      20, 0, 0, 0, 0, 0, 0, 0, 1, 0x7a, 0x52, 0, 1, 0x78, 16, 1, 0x1b, 0x0c, 7, 8, 0x90, 1, 0, 0,
    ]
    for (index, byte) in common.enumerated() { bytes.put(byte, at: frames + index) }
    let description = frames + 24
    bytes.put(UInt32(20), at: description)
    bytes.put(UInt32(28), at: description + 4)
    bytes.put(Int32(0xc00 - description - 8), at: description + 8)
    bytes.put(UInt32(64), at: description + 12)
    // advance 4, def_cfa_offset 16, expression for rbx: breg7 8, deref
    for (index, byte) in ([0, 0x44, 0x0e, 16, 0x10, 3, 3, 0x77] as [UInt8]).enumerated() {
      bytes.put(byte, at: description + 16 + index)
    }
  }
}
