// Tests that what a Crashpad client keeps for the handler is read, whatever state it is in.
import ProcessSnapshot
import SentryNativeTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Crashpad clients` {
  private func capture(_ how: String) throws -> ProcessSnapshot { try Fixture("annotations", how).capture() }

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test func `annotations, streams and wishes are read`() throws {
    let snapshot = try capture("sound")
    let annotations = try #require(snapshot.modules.first?.annotations)
    #expect(annotations.simple.map { text($0.key) } == ["ant", "zebra"])
    // A value may fill its field without a terminator; the first of two equal keys counts.
    #expect(annotations.simple.map { text($0.value) } == [String(repeating: "x", count: 256), "striped"])
    #expect(annotations.objects.map { text($0.name) } == ["own", "text"])
    #expect(annotations.objects.map { $0.kind } == [0x8001, 1])
    #expect(annotations.objects.map { $0.value.count } == [20480, 5])
    #expect(snapshot.userStreams.map { $0.type } == [0x4b6b_0011, 0x4b6b_0010])
    #expect(snapshot.userStreams.map { text($0.bytes) } == ["second", "first stream"])
    #expect(snapshot.clientOptions.isHandlerEnabled == false)
    #expect(snapshot.clientOptions.gathersIndirectMemory == true)
    #expect(snapshot.clientOptions.indirectMemoryLimit == 4096)
    #expect(snapshot.modules.dropFirst().allSatisfy { $0.annotations == nil })
    #expect(snapshot.softErrors == [])
  }

  @Test func `lists without an end are cut, with an error`() throws {
    let snapshot = try capture("circle")
    let annotations = try #require(snapshot.modules.first?.annotations)
    #expect(annotations.objects.count == 399)
    #expect(snapshot.userStreams.count == 2)
    #expect(Set(snapshot.softErrors.map { $0.part }) == ["annotations", "user streams"])
  }

  @Test func `pointers to nowhere cost what they lead to`() throws {
    let snapshot = try capture("dangling")
    let annotations = try #require(snapshot.modules.first?.annotations)
    #expect(annotations.isEmpty)
    #expect(snapshot.userStreams.map { text($0.bytes) } == ["first stream"])
    #expect(snapshot.softErrors.count == 4)
  }

  @Test func `an older client has less, one of another version nothing`() throws {
    let older = try capture("short")
    #expect(older.modules.first?.annotations?.isEmpty == true)
    #expect(older.clientOptions.gathersIndirectMemory == true)
    for how in ["version", "none"] {
      let snapshot = try capture(how)
      #expect(snapshot.modules.first?.annotations == nil)
      #expect(snapshot.clientOptions == CrashpadClientOptions())
      #expect(snapshot.softErrors == [])
    }
  }
}
