// Provides libcurl, opened when it is first needed.
internal import CCurl
internal import LinuxSystem

/// libcurl's functions. See docs/adr/0011-libcurl.md.
internal struct CurlLibrary {
  internal let table: curl_table

  /// The names that are tried, in this order. The first is OpenSSL's flavour on Debian and the only one elsewhere.
  internal static let names = ["libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.so"]

  /// - Throws: `libraryMissing` with what the dynamic loader said of each name.
  internal init(names: [String] = CurlLibrary.names) throws(UploaderError) {
    let library: DynamicLibrary
    do throws(DynamicLibrary.LoadError) {
      library = try DynamicLibrary(anyOf: names)
    } catch {
      throw UploaderError(
        .libraryMissing, "libcurl is not installed, so nothing can be sent; install libcurl4 (\(error.description))")
    }
    var table = curl_table()
    table.global_init = try Self.function("curl_global_init", in: library)
    table.easy_init = try Self.function("curl_easy_init", in: library)
    table.easy_reset = try Self.function("curl_easy_reset", in: library)
    table.easy_cleanup = try Self.function("curl_easy_cleanup", in: library)
    table.easy_setopt = try Self.function("curl_easy_setopt", in: library)
    table.easy_getinfo = try Self.function("curl_easy_getinfo", in: library)
    table.easy_perform = try Self.function("curl_easy_perform", in: library)
    table.easy_strerror = try Self.function("curl_easy_strerror", in: library)
    table.slist_append = try Self.function("curl_slist_append", in: library)
    table.slist_free_all = try Self.function("curl_slist_free_all", in: library)
    table.version_info = try Self.function("curl_version_info", in: library)
    table.multi_init = library.symbol("curl_multi_init")
    table.multi_cleanup = library.symbol("curl_multi_cleanup")
    table.multi_add_handle = library.symbol("curl_multi_add_handle")
    table.multi_remove_handle = library.symbol("curl_multi_remove_handle")
    table.multi_perform = library.symbol("curl_multi_perform")
    table.multi_wait = library.symbol("curl_multi_wait")
    table.multi_info_read = library.symbol("curl_multi_info_read")
    self.table = table
    let code = withTable { curl_table_global_init($0) }
    if code != CURLE_OK {
      throw UploaderError(
        .libraryMissing, "libcurl refused to start", curlCode: Int32(truncatingIfNeeded: code.rawValue))
    }
  }

  private static func function(
    _ name: String, in library: DynamicLibrary
  ) throws(UploaderError) -> UnsafeMutableRawPointer {
    guard let address = library.symbol(name) else {
      throw UploaderError(.libraryMissing, "the libcurl that was found lacks \(name); install libcurl 7.20 or newer")
    }
    return address
  }

  /// Whether a transfer can wait for a descriptor beside its own sockets.
  internal var waitsForDescriptors: Bool {
    table.multi_init != nil && table.multi_cleanup != nil && table.multi_add_handle != nil
      && table.multi_remove_handle != nil && table.multi_perform != nil && table.multi_wait != nil
      && table.multi_info_read != nil
  }

  /// Calls `body` with the table's address, valid during the call only.
  internal func withTable<Result>(_ body: (UnsafePointer<curl_table>) -> Result) -> Result {
    withUnsafePointer(to: table, body)
  }

  /// `libcurl/7.88.1`.
  internal var version: String {
    let number = withTable { curl_table_version($0) }.map { String(cString: $0) } ?? ""
    return number.isEmpty ? "libcurl" : "libcurl/\(number)"
  }
}
