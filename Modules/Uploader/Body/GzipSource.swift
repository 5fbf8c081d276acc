// Provides compression of a body while it is sent.
internal import CZlib

/// The gzip form (RFC 1952) of another source: zlib's default level, window of 32 KiB, memory level 8, like Crashpad.
///
/// Holds 64 KiB of input and zlib's state (about 260 KiB), whatever the size of the body.
public final class GzipSource: ByteSource {
  private let library: ZlibLibrary
  private let source: any ByteSource
  private let stream: UnsafeMutablePointer<z_stream>
  private let input: UnsafeMutableRawBufferPointer
  private var sourceEnded = false
  private var ended = false

  /// - Throws: `libraryMissing` without zlib, `compressionFailed` without memory.
  public init(compressing source: any ByteSource) throws(UploaderError) {
    library = try ZlibLibrary()
    self.source = source
    guard let stream = zlib_table_stream_create() else {
      throw UploaderError(.compressionFailed, "there is no memory for a compressor")
    }
    let library = self.library
    // 15 bits of window, and 16 for the gzip wrapper.
    let code = library.withTable { zlib_table_deflate_init($0, stream, Z_DEFAULT_COMPRESSION, 15 + 16, 8) }
    if code != Z_OK {
      zlib_table_stream_destroy(stream)
      throw UploaderError(.compressionFailed, "zlib cannot start: error \(code)")
    }
    self.stream = stream
    input = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)
  }

  deinit {
    let stream = stream
    library.withTable { zlib_table_deflate_end($0, stream) }
    zlib_table_stream_destroy(stream)
    input.deallocate()
  }

  /// Unknown before the end.
  public var byteCount: Int64? { nil }

  public func read(into buffer: UnsafeMutableRawBufferPointer) throws(UploaderError) -> Int {
    guard !ended, !buffer.isEmpty, let base = buffer.baseAddress else { return 0 }
    let capacity = Int(UInt32(clamping: buffer.count))
    stream.pointee.next_out = base.assumingMemoryBound(to: Bytef.self)
    stream.pointee.avail_out = UInt32(clamping: capacity)
    while stream.pointee.avail_out == UInt32(clamping: capacity) {
      if stream.pointee.avail_in == 0 && !sourceEnded {
        let count = try source.read(into: input)
        if count == 0 { sourceEnded = true }
        stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: Bytef.self)
        stream.pointee.avail_in = UInt32(clamping: count)
      }
      let stream = stream
      let flush = sourceEnded ? Z_FINISH : Z_NO_FLUSH
      let code = library.withTable { zlib_table_deflate($0, stream, flush) }
      if code == Z_STREAM_END {
        ended = true
        break
      }
      if code != Z_OK && code != Z_BUF_ERROR {
        throw UploaderError(.compressionFailed, "zlib cannot compress: error \(code)")
      }
    }
    return capacity - Int(stream.pointee.avail_out)
  }

  /// The gzip form of `bytes`, in memory.
  public static func compress(_ bytes: [UInt8]) throws(UploaderError) -> [UInt8] {
    let source = try GzipSource(compressing: ContentSource(.bytes(bytes)))
    var result: [UInt8] = []
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 * 1024, alignment: 16)
    defer { chunk.deallocate() }
    while true {
      let count = try source.read(into: chunk)
      if count == 0 { return result }
      result.append(contentsOf: UnsafeRawBufferPointer(rebasing: chunk[..<count]))
    }
  }
}
