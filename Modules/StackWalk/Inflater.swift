// Provides the unpacking of deflated data as far as somebody wants to read it.
internal import CZlib
internal import LinuxSystem

/// One zlib stream, unpacked from its start to wherever a reader has come, and no further: libdw asks zlib for whole
/// sections, which was half of the time of a walk.
///
/// The checksum behind the data counts only for who reads to the end. Source: zlib.h, docs/adr/0012-zlib.md. Not thread
/// safe.
final class Inflater {
  private let output: UnsafeMutableRawBufferPointer
  private let table: zlib_table
  private let stream: UnsafeMutablePointer<z_stream>
  /// Bytes of the output that are there.
  private(set) var produced = 0
  /// Whether the data is damaged or at its end; what was produced before stays.
  private(set) var failed = false

  /// - Parameters:
  ///   - input: must live as long as the object, and so must the output.
  ///   - output: as large as what is unpacked. What would come behind it is not looked at.
  /// - Returns: `nil` for what is no zlib stream, and where there is no zlib.
  init?(zlib input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) {
    // Method 8, a window of at most 32 KiB, no dictionary, and a check of both bytes.
    guard input.count >= 2, input.count <= Int(UInt32.max), !output.isEmpty, input[0] & 15 == 8, input[0] >> 4 <= 7,
      input[1] & 0x20 == 0, (UInt32(input[0]) << 8 | UInt32(input[1])) % 31 == 0, let table = ZlibLibrary.shared?.table,
      let stream = zlib_table_stream_create()
    else { return nil }
    let code = withUnsafePointer(to: table) { zlib_table_inflate_init($0, stream, 15) }
    guard code == Z_OK else {
      zlib_table_stream_destroy(stream)
      return nil
    }
    // zlib reads its input only.
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
    stream.pointee.avail_in = UInt32(input.count)
    self.output = output
    self.table = table
    self.stream = stream
  }

  deinit {
    withUnsafePointer(to: table) { zlib_table_inflate_end($0, stream) }
    zlib_table_stream_destroy(stream)
  }

  /// Unpacks until `count` bytes are there or the data ends.
  ///
  /// - Returns: whether so many are there.
  func unpack(to count: Int) -> Bool {
    let target = min(count, output.count)
    while produced < target, !failed {
      let wanted = min(target - produced, 1 << 30)
      stream.pointee.next_out = output.baseAddress.map { ($0 + produced).assumingMemoryBound(to: UInt8.self) }
      stream.pointee.avail_out = UInt32(wanted)
      let code = withUnsafePointer(to: table) { zlib_table_inflate($0, stream, Z_SYNC_FLUSH) }
      let made = wanted - Int(stream.pointee.avail_out)
      produced += made
      // Nothing made without an error is input that has ended.
      if code != Z_OK || made == 0 { failed = true }
    }
    return produced >= count
  }
}

/// zlib's functions. libelf needs it, so that it is there wherever libdw is.
private struct ZlibLibrary: @unchecked Sendable {
  // @unchecked: addresses in a library that stays.
  let table: zlib_table

  static let shared: ZlibLibrary? = {
    guard let library = try? DynamicLibrary(anyOf: ["libz.so.1"]) else { return nil }
    var table = zlib_table()
    table.inflate_init = library.symbol("inflateInit2_")
    table.inflate = library.symbol("inflate")
    table.inflate_end = library.symbol("inflateEnd")
    if table.inflate_init == nil || table.inflate == nil || table.inflate_end == nil { return nil }
    return ZlibLibrary(table: table)
  }()
}
