// Provides readable names for mangled ones: Swift's by the Swift runtime, C++'s by the C++ runtime, Rust's by our own.
internal import CLinuxShims
internal import LinuxSystem

// The demangler of the runtime that this program is linked with, statically or not; the C signature is stable ABI.
// All arguments travel in registers, where Swift's convention and C's agree.
@_silgen_name("swift_demangle")
private func swift_demangle(
  _ name: UnsafePointer<CChar>, _ length: UInt, _ buffer: UnsafeMutablePointer<CChar>?,
  _ size: UnsafeMutablePointer<UInt>?,
  _ flags: UInt32
) -> UnsafeMutablePointer<CChar>?

/// Turns mangled names into readable ones.
public enum Demangler {
  /// Longer names are left as they are: demanglers recurse.
  private static let limit = 16 << 10

  /// The full form, as `swift demangle` and `c++filt` print it; `nil` when the name is not mangled.
  public static func demangle(_ name: String) -> String? {
    let name = withoutVersion(name)
    guard name.utf8.count <= limit else { return nil }
    if isSwift(name) { return demangleSwift(name) }
    if isRust(name), let readable = demangleRust(name) { return readable }
    if isCXX(name) { return demangleCXX(name) }
    return nil
  }

  /// Whether a name looks mangled and is not understood: it is shown as it is, and readers should be told.
  static func isUnreadable(_ name: String) -> Bool {
    let name = withoutVersion(name)
    return (isSwift(name) || isRust(name) || isCXX(name)) && demangle(name) == nil
  }

  private static func isCXX(_ name: String) -> Bool {
    name.utf8.starts(with: "_Z".utf8) || name.utf8.starts(with: "___Z".utf8)
  }

  private static func isRust(_ name: String) -> Bool {
    name.utf8.starts(with: "_R".utf8) || name.utf8.starts(with: "__R".utf8) || name.utf8.starts(with: "_ZN".utf8)
      || name.utf8.starts(with: "__ZN".utf8)
  }

  /// Both of Rust's schemes; the older one is C++'s with a hash at the end.
  private static func demangleRust(_ name: String) -> String? {
    let bytes = Array(name.utf8)
    return RustName.demangle(bytes) ?? RustLegacyName.demangle(bytes)
  }

  /// The form for people: of a Swift function the name and its labels, without types; of a C++ one the full form.
  /// The version of a symbol (`memcpy@@GLIBC_2.14`) is left out.
  public static func displayName(_ name: String) -> String {
    guard let full = demangle(name) else { return withoutVersion(name) }
    return isSwift(name) ? SwiftName.shortened(full) : full
  }

  /// Whether a name is mangled by Swift's rules: stable ones since Swift 5, and those before.
  ///
  /// Source: docs/ABI/Mangling.rst of the Swift project.
  static func isSwift(_ name: String) -> Bool {
    ["$s", "$S", "_$s", "_$S", "$e", "_$e", "_T0", "@__swiftmacro_"].contains { name.utf8.starts(with: $0.utf8) }
  }

  /// Whether a Swift function is async, or a part of one behind a suspension.
  ///
  /// Source: `Ya` in docs/ABI/Mangling.rst. It has to belong to the function's own type, which is the last one: a
  /// function that takes an async closure is none.
  static func isSwiftAsync(_ name: String) -> Bool {
    guard isSwift(name) else { return false }
    var bytes = Array(name.utf8)[...]
    // A part behind a suspension ends with TY or TQ, a number, `_`.
    if withoutIndex(bytes).suffix(2).elementsEqual("TY".utf8) || withoutIndex(bytes).suffix(2).elementsEqual("TQ".utf8)
    {
      return true
    }
    if bytes.last == UInt8(ascii: "Z") { bytes.removeLast() }
    let isClosure = withoutIndex(bytes).suffix(3).elementsEqual("cfU".utf8)
    if isClosure { bytes = withoutIndex(bytes).dropLast(2) }
    guard bytes.last == (isClosure ? UInt8(ascii: "c") : UInt8(ascii: "F")) else { return false }
    bytes.removeLast()
    // Between `Ya` and the end: throws, typed throws, Sendable.
    for mark in ["K", "YK", "Yb"] where bytes.suffix(mark.utf8.count).elementsEqual(mark.utf8) {
      bytes.removeLast(mark.utf8.count)
    }
    return bytes.suffix(2).elementsEqual("Ya".utf8)
  }

  /// Without `_` and the digits before it.
  private static func withoutIndex(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    guard bytes.last == UInt8(ascii: "_") else { return bytes }
    var bytes = bytes.dropLast()
    while let last = bytes.last, last >= 0x30, last <= 0x39 { bytes.removeLast() }
    return bytes
  }

  private static func withoutVersion(_ name: String) -> String {
    // `.symtab` of linkers that version symbols: memcpy@@GLIBC_2.14.
    guard let mark = name.utf8.dropFirst().firstIndex(of: UInt8(ascii: "@")), mark != name.startIndex,
      !name.utf8.starts(with: "@__".utf8)
    else { return name }
    return String(decoding: name.utf8[..<mark], as: UTF8.self)
  }

  private static func demangleSwift(_ name: String) -> String? {
    FilePath(name).withCString { text -> String? in
      guard let result = swift_demangle(text, UInt(name.utf8.count), nil, nil, 0) else { return nil }
      defer { free(result) }
      let readable = String(cString: result)
      return readable == name ? nil : readable
    }
  }

  private static func demangleCXX(_ name: String) -> String? {
    guard let library = CXXRuntime.shared else { return nil }
    return FilePath(name).withCString { text -> String? in
      var status: Int32 = 0
      guard let result = library.demangle(text, nil, nil, &status) else { return nil }
      defer { free(result) }
      return status == 0 ? String(cString: result) : nil
    }
  }
}

/// The C++ runtime's demangler, opened when the first C++ name is met.
private struct CXXRuntime: Sendable {
  typealias Function =
    @convention(c) (
      UnsafePointer<CChar>, UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<Int>?, UnsafeMutablePointer<Int32>?
    ) -> UnsafeMutablePointer<CChar>?
  let demangle: Function

  static let shared: CXXRuntime? = {
    guard let library = try? DynamicLibrary(anyOf: ["libstdc++.so.6", "libc++abi.so.1"]),
      let address = library.symbol("__cxa_demangle")
    else { return nil }
    return CXXRuntime(demangle: unsafeBitCast(address, to: Function.self))
  }()
}
