import LinuxSystem
import ProcessMemory
import Testing

@testable import StackWalk

@Suite(.serialized) struct `Walking a Swift process` {
  private static let synchronous = """
    struct Shop {
      @inline(never) func buy(item: String, _ count: Int) throws -> Int {
        let stock = [1, 2, 3]
        return stock[count] + item.count
      }
    }
    @inline(never) func visit(_ count: Int) -> Int { let shop = Shop(); let y = try? shop.buy(item: "a", count); return (y ?? 0) + 1 }
    trace_me()
    print([1].map { visit($0 + Int(CommandLine.argc) * 10) + 1 })
    """

  @Test(.timeLimit(.minutes(10)), arguments: [["-Onone"], ["-O", "-g"]])
  func `a trap shows the functions of the program by their Swift names`(flags: [String]) throws {
    let compiled = try CompiledProgram(Self.synchronous, .swift, flags: flags)
    try compiled.whileStopped { stopped in
      let walker = StackWalker(memory: stopped.memory, modules: stopped.modules)
      let frames = walker.symbolize(walker.walk(stopped.registers)).frames
      let names = frames.map { $0.symbol ?? "?" }
      let buy = try #require(names.firstIndex { $0.hasSuffix("Shop.buy(item:_:)") }, "\(names)")
      let visit = try #require(names.firstIndex { $0.hasSuffix("visit(_:)") }, "\(names)")
      #expect(buy < visit)
      #expect(names.contains("main"))
      #expect(names.last == "_start")
      #expect(frames[visit].rawSymbol?.hasPrefix("$s") == true)
    }
  }

  private static let asynchronous = """
    @inline(never) func plain(_ x: Int) -> Int { stay_here(); return x }
    @inline(never) func leaf(_ x: Int) async -> Int { plain(x) }
    @inline(never) func middle(_ x: Int) async throws -> Int { let y = await leaf(x + 10); return y + 1 }
    struct Server {
      @inline(never) func top(name: String, _ x: Int) async throws -> Int {
        await Task.yield()
        return try await middle(x) + name.count
      }
    }
    let task = Task { try await Server().top(name: "a", Int(CommandLine.argc)) }
    print(try await task.value)
    """

  @Test(.timeLimit(.minutes(10)), arguments: [["-Onone"], ["-O", "-g"]])
  func `a task shows the async callers that wait for it`(flags: [String]) throws {
    let compiled = try CompiledProgram(Self.asynchronous, .swift, flags: flags)
    try compiled.whileStaying { stopped in
      let walker = StackWalker(memory: stopped.memory, modules: stopped.modules)
      let frames = walker.symbolize(walker.walk(stopped.registers)).frames
      let names = frames.map { "\($0.symbol ?? "?") \($0.trust)" }
      let middle = try #require(frames.firstIndex { $0.symbol?.hasSuffix("middle(_:)") == true }, "\(names)")
      let top = try #require(frames.firstIndex { $0.symbol?.hasSuffix("Server.top(name:_:)") == true }, "\(names)")
      #expect(middle < top)
      #expect(frames[top].trust == .async)
      #expect(frames[top].isAsync)
      #expect(frames[(top + 1)...].contains { $0.symbol?.hasPrefix("closure #1 in ") == true }, "\(names)")
    }
  }
}
