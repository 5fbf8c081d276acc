// Provides libraries that are opened when they are first needed.
internal import CLinuxShims

/// A library opened with `dlopen(RTLD_LOCAL | RTLD_LAZY)`. It stays loaded for the life of the process, since its
/// functions are kept in tables.
public struct DynamicLibrary: Sendable {
  /// Why a library could not be used.
  public struct LoadError: Error, Sendable, CustomStringConvertible {
    /// What the dynamic loader said of each name that was tried.
    public let messages: [String]
    public var description: String { messages.joined(separator: "; ") }
  }

  private let handle: UInt

  /// Opens the first of `names` that is there.
  public init(anyOf names: [String]) throws(LoadError) {
    var messages: [String] = []
    for name in names {
      let handle = FilePath(name).withCString { dlopen($0, RTLD_LOCAL | RTLD_LAZY) }
      if let handle {
        self.handle = UInt(bitPattern: handle)
        return
      }
      if let message = dlerror() { messages.append(String(cString: message)) }
    }
    throw LoadError(messages: messages)
  }

  /// The address of a symbol, for a function pointer in a table; `nil` when the library lacks it.
  public func symbol(_ name: String) -> UnsafeMutableRawPointer? {
    FilePath(name).withCString { dlsym(UnsafeMutableRawPointer(bitPattern: handle), $0) }
  }
}
