// Provides what a program wants left out of its crash reports.
internal import CLinuxShims

/// What crash reports of this process may hold. Every Crashpad handler follows it: it reads the rules out of this process's
/// memory when it makes the dump, and makes none where it cannot read them.
///
/// Registers, the list of modules and the process annotations that the handler was started with are in every report.
/// Handlers of others also keep the names of threads; ours leaves command line, environment and names of mapped files out.
///
/// Source: docs/formats/process-snapshot.md, section 11.
public struct CrashSanitization: Hashable, Sendable {
  /// Patterns for the names of annotations that may be in a report; `nil`: all may. In a pattern `*` stands for any run of
  /// bytes, `?` for one byte or none, `\` before a byte for the byte itself. At most 4096 patterns of 255 bytes.
  public var allowedAnnotations: [String]?
  /// An address in the module that must have a part in the crash: its code crashed, or the crashed thread's stack points
  /// into it. Other crashes leave no report. `nil`: every crash is reported.
  public var targetModule: UInt?
  /// Memory that may be taken along beside the stacks. At most 256 ranges. It does not ask for that memory:
  /// `CrashpadInfo` does.
  public var allowedMemory: [Range<UInt>]
  /// Whether words on the stacks are overwritten that are neither small numbers nor pointers to code or stacks.
  public var sanitizesStacks: Bool

  public init(
    allowedAnnotations: [String]? = nil, targetModule: UInt? = nil, allowedMemory: [Range<UInt>] = [],
    sanitizesStacks: Bool = true
  ) {
    self.allowedAnnotations = allowedAnnotations
    self.targetModule = targetModule
    self.allowedMemory = allowedMemory
    self.sanitizesStacks = sanitizesStacks
  }

  private static let maximumNames = 4096, maximumName = 255, maximumRanges = 256

  /// - Throws: `invalidSanitization` for rules that handlers cannot follow, who then would make no report at all.
  internal func check() throws(CrashClientError) {
    func fail(_ message: String) -> CrashClientError { CrashClientError(.invalidSanitization, message) }
    for name in allowedAnnotations ?? [] where name.utf8.count > Self.maximumName || name.utf8.contains(0) {
      throw fail("a pattern for annotations is longer than \(Self.maximumName) bytes, or has a NUL in it")
    }
    if allowedAnnotations?.count ?? 0 >= Self.maximumNames {
      throw fail("there are \(Self.maximumNames) patterns for annotations, or more")
    }
    if allowedMemory.count > Self.maximumRanges {
      throw fail("there are more than \(Self.maximumRanges) ranges of allowed memory")
    }
  }
}

/// The rules as a handler reads them.
internal enum PublishedSanitization {
  /// The address of a copy of the rules; 0 for none. The memory stays for ever: a handler may be reading it at any time.
  static func address(of rules: CrashSanitization?) -> UInt64 {
    guard let rules else { return 0 }
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 25, alignment: 8)
    memory.storeBytes(of: rules.allowedAnnotations.map(names) ?? 0, toByteOffset: 0, as: UInt64.self)
    memory.storeBytes(of: UInt64(rules.targetModule ?? 0), toByteOffset: 8, as: UInt64.self)
    memory.storeBytes(of: ranges(rules.allowedMemory), toByteOffset: 16, as: UInt64.self)
    memory.storeBytes(of: rules.sanitizesStacks ? 1 : 0, toByteOffset: 24, as: UInt8.self)
    return UInt64(UInt(bitPattern: memory))
  }

  /// Pointers to C strings, and a null pointer.
  private static func names(_ list: [String]) -> UInt64 {
    words(
      list.map { name in
        let bytes = Array(name.utf8) + [0]
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count)
        for (offset, byte) in bytes.enumerated() { (memory + offset).initialize(to: byte) }
        return UInt64(UInt(bitPattern: memory))
      } + [0])
  }

  /// {address of the entries, their number}; an entry is {start, size}.
  private static func ranges(_ list: [Range<UInt>]) -> UInt64 {
    if list.isEmpty { return 0 }
    return words([words(list.flatMap { [UInt64($0.lowerBound), UInt64($0.count)] }), UInt64(list.count)])
  }

  private static func words(_ list: [UInt64]) -> UInt64 {
    let memory = UnsafeMutablePointer<UInt64>.allocate(capacity: list.count)
    for (index, word) in list.enumerated() { (memory + index).initialize(to: word) }
    return UInt64(UInt(bitPattern: memory))
  }
}

extension CrashClient {
  /// Changes what later reports of this process may hold; `nil`: everything again. The rules before stay in memory: a few
  /// kilobytes for each change.
  ///
  /// - Throws: `invalidSanitization` for rules that no handler could follow; the rules before stand then. `notConnected`
  ///   after the end of this client.
  public func sanitize(_ rules: CrashSanitization?) throws(CrashClientError) {
    try rules?.check()
    let address = PublishedSanitization.address(of: rules)
    try whileConnected { publish(rules, at: address) }
  }
}
