// Tests of the rules for sanitized reports.
import LinuxSystem
import ProcessMemory
import Testing

@testable import ProcessSnapshot

@Suite struct `Rules for a sanitized report` {
  @Test(arguments: [
    ("", "", true), ("", "a", false), ("a", "a", true), ("a", "b", false), ("a", "aa", false), ("*", "", true),
    ("*", "anything", true), ("a*", "a", true), ("a*b", "axxb", true), ("a*b", "axxbc", false), ("*b*", "abc", true),
    ("?", "", true), ("?", "a", true), ("?", "ab", false), ("a?b", "ab", true), ("a?b", "axb", true),
    ("a?b", "axxb", false), ("??", "a", true), ("\\*", "*", true), ("\\*", "a", false), ("\\?", "?", true),
    ("\\?", "", false), ("a\\", "a", true), ("*?*?*", "", true), ("**a**", "bab", true),
  ])
  func `match names by patterns`(_ pattern: String, _ name: String, _ expected: Bool) {
    let rules = SanitizationRules(allowedAnnotations: [Array(pattern.utf8)])
    #expect(rules.allows(annotation: Array(name.utf8)) == expected)
  }

  @Test func `take no longer for a pattern of many stars`() {
    let pattern = [UInt8](repeatElement([0x2a, 0x61], count: 127).joined())
    let rules = SanitizationRules(allowedAnnotations: [pattern])
    #expect(!rules.allows(annotation: [UInt8](repeating: 0x61, count: 255) + [0x62]))
  }

  /// 4096 patterns of a hostile client and 400 names in each of its modules held the handler up for minutes.
  @Test func `are refused where there are too many to compare`() throws {
    let rules = SanitizationRules(
      allowedAnnotations: Array(repeating: [UInt8](repeating: 0x62, count: 255), count: 4096))
    var snapshot = ProcessSnapshot(processID: 1)
    var module = ModuleSnapshot(
      kind: .sharedLibrary, range: AddressRange(start: 0, size: 1), loadBias: 0, path: "", soname: [], buildID: [],
      dynamicAddress: 0, headerAddress: 0)
    var annotations = CrashpadAnnotations()
    annotations.objects = Array(
      repeating: CrashpadAnnotation(name: [UInt8](repeating: 0x61, count: 127), kind: 1, value: [1]), count: 4)
    module.annotations = annotations
    snapshot.modules = [module]
    try snapshot.sanitize(rules)
    snapshot.modules = [module, module]
    #expect(throws: ProcessSnapshotError.self) { try snapshot.sanitize(rules) }
  }

  @Test func `allow everything without a list, and nothing with an empty one`() {
    #expect(SanitizationRules().allows(annotation: [1]))
    #expect(!SanitizationRules(allowedAnnotations: []).allows(annotation: [1]))
  }

  private func bytes(_ values: UInt64...) -> [UInt8] {
    values.flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }
  }

  private func read(_ content: [UInt8], is64Bit: Bool = true) throws -> SanitizationRules {
    try SanitizationRules(
      at: 0x1000, memory: BytesMemoryReader(at: 0x1000, content), is64Bit: is64Bit, process: 1)
  }

  @Test func `are read from the client's memory`() throws {
    let structure = bytes(0x1000 + 32, 0x77, 0x1000 + 64) + [1] + [UInt8](repeating: 0, count: 7)
    let names = bytes(0x1000 + 56, 0, 0) + Array("ab*\0".utf8) + [0, 0, 0, 0]
    let rules = try read(structure + names + bytes(0x1000 + 80, 1, 0x5000, 0x100))
    #expect(rules.allowedAnnotations == [Array("ab*".utf8)])
    #expect(rules.targetModule == 0x77)
    #expect(rules.allowedMemory == [AddressRange(start: 0x5000, size: 0x100)])
    #expect(rules.sanitizesStacks)
    #expect(try read(bytes(0, 0, 0) + [0]) == SanitizationRules())
  }

  @Test func `of a 32-bit client have short pointers and addresses`() throws {
    let structure = bytes(0x1000 + 32, 0, 0) + [0] + [UInt8](repeating: 0, count: 7)
    let rules = try read(structure + [0x28, 0x10, 0, 0, 0, 0, 0, 0] + Array("x\0".utf8), is64Bit: false)
    #expect(rules.allowedAnnotations == [Array("x".utf8)])
    let ranges = bytes(0, 0, 0x1000 + 32) + [0] + [UInt8](repeating: 0, count: 7) + bytes(0x1000 + 48, 1)
    #expect(try read(ranges + bytes(0xffff_f000, 0x1000), is64Bit: false).allowedMemory.count == 1)
    #expect(throws: ProcessSnapshotError.self) { try read(ranges + bytes(0xffff_f000, 0x1001), is64Bit: false) }
  }

  @Test func `that cannot be read are an error, not no rules`() {
    let cases: [[UInt8]] = [
      [], bytes(0, 0, 0), bytes(0x10, 0, 0) + [0], bytes(0, 0, 0x10) + [0],
      // A list of names without an end, and one of names without one.
      bytes(0x1000 + 32, 0, 0) + [UInt8](repeating: 0, count: 8) + bytes(0x1000, 0x1000),
      bytes(0x1000 + 25, 0, 0) + [0] + bytes(0x1000 + 33) + [1, 1],
    ]
    for content in cases { #expect(throws: ProcessSnapshotError.self) { try read(content) } }
  }
}
