// Provides zlib, opened when it is first needed.
internal import CZlib
internal import LinuxSystem

/// zlib's functions. See docs/adr/0012-zlib.md.
internal struct ZlibLibrary {
  internal let table: zlib_table

  /// The names that are tried, in this order.
  internal static let names = ["libz.so.1", "libz.so"]

  /// - Throws: `libraryMissing` with what the dynamic loader said of each name.
  internal init(names: [String] = ZlibLibrary.names) throws(UploaderError) {
    let library: DynamicLibrary
    do throws(DynamicLibrary.LoadError) {
      library = try DynamicLibrary(anyOf: names)
    } catch {
      throw UploaderError(
        .libraryMissing, "zlib is not installed, so nothing is compressed; install zlib1g (\(error.description))")
    }
    var table = zlib_table()
    table.version = library.symbol("zlibVersion")
    table.deflate_init = library.symbol("deflateInit2_")
    table.deflate = library.symbol("deflate")
    table.deflate_end = library.symbol("deflateEnd")
    guard table.deflate_init != nil, table.deflate != nil, table.deflate_end != nil else {
      throw UploaderError(.libraryMissing, "the zlib that was found lacks deflate; install zlib1g")
    }
    self.table = table
  }

  /// Calls `body` with the table's address, valid during the call only.
  internal func withTable<Result>(_ body: (UnsafePointer<zlib_table>) -> Result) -> Result {
    withUnsafePointer(to: table, body)
  }
}
