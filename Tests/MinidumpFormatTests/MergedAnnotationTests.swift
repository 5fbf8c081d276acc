// Tests of the annotations of a dump as one list.
import MinidumpFormat
import Testing

@Suite struct `Merged annotations` {
  private func merged(_ simple: [(String, String)], _ modules: [MinidumpModuleCrashpadInfo]) -> [String] {
    let info = MinidumpCrashpadInfo(
      simpleAnnotations: simple.map { MinidumpSimpleAnnotation(key: $0.0, value: $0.1) }, modules: modules)
    return info.mergedAnnotations.map { "\($0.name)=\(String(decoding: $0.value, as: UTF8.self))" }
  }

  @Test func `have each name once, from the process before its modules in order`() {
    let first = MinidumpModuleCrashpadInfo(
      moduleIndex: 0, simpleAnnotations: [MinidumpSimpleAnnotation(key: "a", value: "module")],
      annotations: [MinidumpAnnotation(name: "b", value: Array("first".utf8))])
    let second = MinidumpModuleCrashpadInfo(
      moduleIndex: 1, simpleAnnotations: [MinidumpSimpleAnnotation(key: "b", value: "second")])
    #expect(merged([("a", "process")], [first, second]) == ["a=process", "b=first"])
  }

  @Test func `are text with a name`() {
    let module = MinidumpModuleCrashpadInfo(
      moduleIndex: 0,
      annotations: [
        MinidumpAnnotation(name: "number", kind: .init(rawValue: 0x8001), value: [1, 2]),
        MinidumpAnnotation(name: "", value: [65]), MinidumpAnnotation(name: "text", value: [65]),
      ])
    #expect(merged([], [module]) == ["text=A"])
  }

  @Test func `have the lists of all modules as lines, whatever else bears that name`() {
    let modules = [
      MinidumpModuleCrashpadInfo(moduleIndex: 0, listAnnotations: ["one"]),
      MinidumpModuleCrashpadInfo(moduleIndex: 1, listAnnotations: ["two"]),
    ]
    #expect(merged([("list_annotations", "other"), ("x", "y")], modules) == ["x=y", "list_annotations=one\ntwo"])
  }
}
