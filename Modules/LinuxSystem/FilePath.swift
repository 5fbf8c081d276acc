// Provides a path as the kernel sees it: bytes.
internal import CLinuxShims

/// A file path: any bytes but NUL. Linux paths need not be UTF-8, and a report must not be lost over one that is not.
///
/// Bytes after a NUL are dropped when a path is made, as the kernel would not see them.
public struct FilePath: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  public private(set) var bytes: [UInt8]

  public init(bytes: some Sequence<UInt8>) { self.init(copied: Array(bytes)) }

  // All of it is copied first: the length of nearly every sequence is known, and a path with a NUL is rare.
  @inline(never)
  private init(copied bytes: [UInt8]) {
    self.bytes = bytes
    if let end = bytes.firstIndex(of: 0) { self.bytes.removeLast(bytes.count - end) }
  }

  @inline(never)
  public init(_ string: String) { self.init(bytes: string.utf8) }
  public init(stringLiteral value: String) { self.init(value) }

  /// A copy of the NUL-terminated string at `cString`.
  public init(cString: UnsafePointer<CChar>) {
    bytes = Array(UnsafeRawBufferPointer(start: cString, count: strlen(cString)))
  }

  public var isEmpty: Bool { bytes.isEmpty }
  public var isAbsolute: Bool { bytes.first == UInt8(ascii: "/") }

  /// The path as text; bytes that are not UTF-8 become U+FFFD.
  public var description: String { String(decoding: bytes, as: UTF8.self) }

  /// `self/component`. An empty path gives the component alone.
  public func appending(_ component: String) -> FilePath { appending(bytes: component.utf8) }

  public func appending(bytes component: some Sequence<UInt8>) -> FilePath {
    appending(FilePath(bytes: component))
  }

  @inline(never)
  private func appending(_ component: FilePath) -> FilePath {
    var result: FilePath = ""
    result.bytes.reserveCapacity(bytes.count + 1 + component.bytes.count)
    result.bytes += bytes
    if let last = bytes.last, last != UInt8(ascii: "/") { result.bytes.append(UInt8(ascii: "/")) }
    result.bytes += component.bytes
    return result
  }

  /// The same path with `suffix` added to its last component.
  public func addingSuffix(_ suffix: String) -> FilePath { FilePath(bytes: bytes + Array(suffix.utf8)) }

  /// The bytes after the last slash that something follows; empty for `/` and the empty path.
  public var lastComponent: [UInt8] {
    let trimmed = withoutTrailingSlashes
    guard let slash = trimmed.lastIndex(of: UInt8(ascii: "/")) else { return Array(trimmed) }
    return Array(trimmed[(slash + 1)...])
  }

  /// What is before the last component: `/` for a file in the root, `.` for a bare name.
  public var directory: FilePath {
    let trimmed = withoutTrailingSlashes
    guard let slash = trimmed.lastIndex(of: UInt8(ascii: "/")) else { return isAbsolute ? "/" : "." }
    return slash == trimmed.startIndex ? "/" : FilePath(bytes: trimmed[..<slash])
  }

  private var withoutTrailingSlashes: ArraySlice<UInt8> {
    var slice = bytes[...]
    while slice.last == UInt8(ascii: "/") { slice.removeLast() }
    return slice
  }

  // What does not depend on the closure exists once: there are callers by the dozen.
  @inline(never)
  private var terminated: ContiguousArray<CChar> {
    var terminated = ContiguousArray<CChar>()
    terminated.reserveCapacity(bytes.count + 1)
    for byte in bytes { terminated.append(CChar(bitPattern: byte)) }
    terminated.append(0)
    return terminated
  }

  /// Calls `body` with the path as a C string, valid during the call only.
  public func withCString<Result, Failure: Error>(
    _ body: (UnsafePointer<CChar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let terminated = terminated
    return try terminated.withUnsafeBufferPointer { (buffer) throws(Failure) -> Result in
      guard let base = buffer.baseAddress else { fatalError("a terminated string is never empty") }
      return try body(base)
    }
  }
}
