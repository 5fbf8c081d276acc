// Provides decompression of what a client sent.
internal import CZlib
import LinuxSystem

/// gzip (RFC 1952) in memory, by the system's zlib.
public enum Gzip {
  /// - Parameter limit: bytes of output beyond which the input is refused.
  /// - Throws: `TestKitError`: `.missing` without zlib, `.malformed` when the input is damaged, cut or followed by
  ///   anything.
  public static func decompress(_ bytes: [UInt8], limit: Int = 1 << 30) throws -> [UInt8] {
    let library = try DynamicLibrary(anyOf: ["libz.so.1", "libz.so"])
    var table = zlib_table()
    table.inflate_init = library.symbol("inflateInit2_")
    table.inflate = library.symbol("inflate")
    table.inflate_end = library.symbol("inflateEnd")
    guard table.inflate_init != nil, table.inflate != nil, table.inflate_end != nil,
      let stream = zlib_table_stream_create()
    else { throw TestKitError(.missing, "zlib lacks inflate") }
    defer { zlib_table_stream_destroy(stream) }
    guard zlib_table_inflate_init(&table, stream, 15 + 16) == Z_OK else {
      throw TestKitError(.missing, "zlib does not start")
    }
    defer { zlib_table_inflate_end(&table, stream) }
    var input = bytes
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    try input.withUnsafeMutableBufferPointer { source in
      stream.pointee.next_in = source.baseAddress
      stream.pointee.avail_in = UInt32(source.count)
      var code = Z_OK
      while code != Z_STREAM_END {
        let produced = try chunk.withUnsafeMutableBufferPointer { target in
          stream.pointee.next_out = target.baseAddress
          stream.pointee.avail_out = UInt32(target.count)
          code = zlib_table_inflate(&table, stream, Z_NO_FLUSH)
          guard code == Z_OK || code == Z_STREAM_END else {
            throw TestKitError(.malformed, "damaged gzip data: zlib error \(code)")
          }
          return target.count - Int(stream.pointee.avail_out)
        }
        output.append(contentsOf: chunk[..<produced])
        if output.count > limit { throw TestKitError(.malformed, "more than \(limit) bytes of gzip output") }
        if code == Z_OK, produced == 0, stream.pointee.avail_in == 0 {
          throw TestKitError(.malformed, "gzip data without an end")
        }
      }
      if stream.pointee.avail_in != 0 { throw TestKitError(.malformed, "bytes after the gzip data") }
    }
    return output
  }
}
