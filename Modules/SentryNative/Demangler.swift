// Provides readable names of Swift's symbols: by the demangler of the program's own runtime.
import CLinuxShims
import LinuxSystem

/// `swift_demangle` of libswiftCore, which is in every Swift program.
internal enum Demangler {
  private typealias Function =
    @convention(c) (
      UnsafePointer<CChar>?, Int, UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<Int>?, UInt32
    ) -> UnsafeMutablePointer<CChar>?

  private static let function: Function? = {
    guard let symbol = dlsym(nil, "swift_demangle") else { return nil }
    return unsafeBitCast(symbol, to: Function.self)
  }()

  /// `nil` when it is no Swift name, or the runtime cannot be found.
  static func demangle(_ name: String) -> String? {
    guard name.hasPrefix("$s") || name.hasPrefix("$S"), let function else { return nil }
    let count = name.utf8.count
    guard let text = name.withCString({ function($0, count, nil, nil, 0) }) else { return nil }
    defer { free(text) }
    return withoutDiscriminators(String(cString: text))
  }

  /// Private names say in which file they are, by a hash: `Shop.(total in _461186B63B4D40E055EC2BD9A24188E3)()`. Nobody
  /// can read that, and it changes when the file is renamed: `Shop.total()`.
  static func withoutDiscriminators(_ name: String) -> String {
    let bytes = Array(name.utf8)
    let mark = Array(" in _".utf8)
    var result: [UInt8] = []
    /// Where in the result a parenthesis was opened, without being closed.
    var open: [Int] = []
    var index = 0
    while index < bytes.count {
      let end = index + mark.count + 32
      if end < bytes.count, bytes[end] == UInt8(ascii: ")"), bytes[index...].starts(with: mark),
        bytes[(index + mark.count)..<end].allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x41 && $0 <= 0x46) }),
        let start = open.popLast()
      {
        result.remove(at: start)
        index = end + 1
        continue
      }
      if bytes[index] == UInt8(ascii: "(") { open.append(result.count) }
      if bytes[index] == UInt8(ascii: ")") { _ = open.popLast() }
      result.append(bytes[index])
      index += 1
    }
    return String(decoding: result, as: UTF8.self)
  }
}
