import LinuxSystem
import Testing

@testable import StackWalk

/// Mangled names of real libraries, and the tools that their authors use to read them.
@Suite(.serialized) struct `Names of real libraries` {
  /// The names of a library's symbols that start with one of `prefixes`, without versions.
  private static func names(in library: String, dynamic: Bool, prefixes: [String]) throws -> [String] {
    var result: Set<String> = []
    let output = try capturedOutput(of: ["nm"] + (dynamic ? ["-D"] : []) + [library])
    for line in output.split(separator: "\n") {
      guard let last = line.split(separator: " ").last else { continue }
      let name = last.prefix { $0 != "@" }
      if prefixes.contains(where: { name.hasPrefix($0) }) { result.insert(String(name)) }
    }
    return result.sorted()
  }

  /// What a tool makes of names, one a line.
  private static func demangled(_ names: [String], by command: [String]) throws -> [String] {
    let directory = FileSystem.temporaryDirectory.appending("sentry-native-\(UniqueID.random())")
    try FileSystem.createDirectory(directory)
    defer { try? FileSystem.removeTree(directory) }
    let file = directory.appending("names")
    try FileSystem.write(Array((names.joined(separator: "\n") + "\n").utf8), to: file)
    let text = try capturedOutput(of: ["sh", "-c", command.joined(separator: " ") + " <" + file.description])
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    lines.removeLast()
    return lines
  }

  private static func differences(_ names: [String], by command: [String]) throws -> [String] {
    let theirs = try demangled(names, by: command)
    guard theirs.count == names.count else { return ["\(theirs.count) answers for \(names.count) names"] }
    return zip(names, theirs).compactMap { name, reading in
      let ours = Demangler.demangle(name) ?? name
      // Of a call in decltype, newer demanglers put one more pair of brackets around the function.
      if name.contains("DTcl"), ours.filter({ !"()".contains($0) }) == reading.filter({ !"()".contains($0) }) {
        return nil
      }
      return ours == reading ? nil : "\(name)\n  ours   \(ours)\n  theirs \(reading)"
    }
  }

  /// Says a few differences, not thousands.
  private func expectNone(_ differences: [String], of names: [String]) {
    let count = differences.count
    #expect(count == 0, "\(count) of \(names.count): \(differences.prefix(5).joined(separator: "\n"))")
  }

  @Test(.timeLimit(.minutes(10)))
  func `of Swift read as swift demangle reads them`() throws {
    let root = try capturedOutput(of: ["sh", "-c", "dirname $(dirname $(readlink -f $(command -v swiftc)))"])
    let directory = root.dropLast() + "/lib/swift/linux/"
    var names: [String] = []
    for library in ["libswiftCore.so", "libFoundation.so", "libswift_Concurrency.so"] {
      names += try Self.names(in: directory + library, dynamic: true, prefixes: ["$s"])
    }
    #expect(names.count > 10_000)
    // The runtime's demangler knows no shorthands such as `[A]`.
    let differences = try Self.differences(names, by: ["swift-demangle", "--no-sugar", "--compact"])
    expectNone(differences, of: names)
  }

  @Test(.timeLimit(.minutes(10)))
  func `of C++ read as c++filt reads them`() throws {
    // Of the C++ library, of Swift's runtime with its local functions, and of the debugger.
    let library = try capturedOutput(of: ["sh", "-c", "ldconfig -p | sed -n 's/.*libstdc++.so.6 (.*x86-64) => //p'"])
    let root = try capturedOutput(of: ["sh", "-c", "dirname $(dirname $(readlink -f $(command -v swiftc)))"]).dropLast()
    var names = try Self.names(in: String(library.prefix { $0 != "\n" }), dynamic: true, prefixes: ["_Z"])
    names += try Self.names(in: root + "/lib/swift_static/linux/libswiftCore.a", dynamic: false, prefixes: ["_Z"])
    names += try Self.names(in: root + "/lib/liblldb.so", dynamic: true, prefixes: ["_Z"])
    names = Set(names).sorted()
    #expect(names.count > 10_000)
    let differences = try Self.differences(names, by: ["c++filt", "-i"])
    expectNone(differences, of: names)
  }

  @Test(.timeLimit(.minutes(10)))
  func `of Rust read as c++filt reads them`() throws {
    // A program of somebody else in Rust; its symbols are those of the older scheme.
    let peers = try #require(EnvironmentVariable.value("SENTRY_TEST_PEERS"), "run Scripts/peers first").description
    let names = try Self.names(in: peers + "/minidump-stackwalk", dynamic: false, prefixes: ["_ZN", "_R"])
    #expect(names.count > 10_000)
    let differences = try Self.differences(names, by: ["c++filt", "-i"])
    expectNone(differences, of: names)
  }

  @Test(.timeLimit(.minutes(10)))
  func `of Rust's newer scheme read as c++filt reads them`() throws {
    let names = newRustNames.split(separator: "\n").map(String.init)
    #expect(names.count >= 100)
    let differences = try Self.differences(names, by: ["c++filt", "-i"])
    expectNone(differences, of: names)
  }
}
