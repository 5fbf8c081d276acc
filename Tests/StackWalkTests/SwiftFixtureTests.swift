import LinuxSystem
import ProcessMemory
import Testing

@testable import StackWalk

/// A program that crashes in `boom`, and the names that a person expects above it, in order.
struct SwiftFixture: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let source: String
  let names: [String]

  private static let boom = """
    @inline(never) func boom(_ x: Int) -> Int { stay_here(); return x + 1 }

    """

  static let all: [SwiftFixture] = [
    SwiftFixture(
      testDescription: "closures",
      source: boom + """
        @inline(never) func apply(_ body: (Int) -> Int) -> Int { let y = body(1); return y + 1 }
        @inline(never) func make(_ x: Int) -> (Int) -> Int { return { y in boom(x + y) + 1 } }
        @inline(never) func run(_ x: Int) -> Int {
          let inner = make(x)
          let y = apply { a in let b = apply { inner($0 + a) + 1 }; return b + 1 }
          return y + 1
        }
        print(run(Int(CommandLine.argc)))
        """,
      names: [
        "boom(_:)", "closure #1 in program.make(_:)", "closure #1 in closure #1 in program.run(_:)",
        "program.apply(_:)",
        "closure #1 in program.run(_:)", "program.apply(_:)", "program.run(_:)", "main",
      ]),
    SwiftFixture(
      testDescription: "generics",
      source: boom + """
        struct Stack<Element> {
          var items: [Element]
          @inline(never) func each<Value>(_ key: String, _ body: (Element) -> Value) -> [Value] {
            var result: [Value] = []
            for item in items { result.append(body(item)) }
            return result
          }
        }
        @inline(never) func sum<Items: Sequence>(_ items: Items) -> Int where Items.Element == Int {
          var total = 0
          for item in items { total += boom(item) }
          return total + 1
        }
        @inline(never) func run(_ x: Int) -> Int {
          let y = Stack(items: [[x], [x + 1]]).each("a") { sum($0) + 1 }
          return y.count + y[0]
        }
        print(run(Int(CommandLine.argc)))
        """,
      names: [
        "boom(_:)", "sum", "closure #1 in program.run(_:)", "program.Stack.each(_:_:)", "program.run(_:)", "main",
      ]),
    SwiftFixture(
      testDescription: "protocol witnesses",
      source: boom + """
        protocol Till: AnyObject { func pay(_ x: Int) -> Int; var total: Int { get } }
        extension Till { @inline(never) func checkout(_ x: Int) -> Int { let y = pay(x) + total; return y + 1 } }
        final class Shop: Till {
          var sold = 0
          @inline(never) func pay(_ x: Int) -> Int { sold += x; let y = boom(x); return y + sold }
          var total: Int { sold }
        }
        final class Market: Till { func pay(_ x: Int) -> Int { x }; var total: Int { 1 } }
        @inline(never) func pick(_ x: Int) -> any Till { x > 0 ? Shop() : Market() }
        @inline(never) func run(_ x: Int) -> Int { let till = pick(x); let y = till.checkout(x); return y + till.total }
        print(run(Int(CommandLine.argc)))
        """,
      names: ["boom(_:)", "Shop.pay(_:)", "Till.checkout(_:)", "program.run(_:)", "main"]),
    SwiftFixture(
      testDescription: "classes, initialisers, getters and subscripts",
      source: boom + """
        class Base { @inline(never) func work(_ x: Int) -> Int { x } }
        final class Derived: Base {
          @inline(never) override func work(_ x: Int) -> Int { let y = boom(x); return y + super.work(x) }
        }
        struct Table {
          var base: Base
          var size: Int { @inline(never) get { let y = base.work(1); return y + 1 } }
          subscript(row: Int) -> Int { @inline(never) get { let y = size; return y + row } }
          @inline(never) init(_ base: Base) { self.base = base; let y = self[3]; if y == 0 { print("none") } }
        }
        @inline(never) func run(_ x: Int) -> Int { let table = Table(x > 0 ? Derived() : Base()); return table[x] }
        print(run(Int(CommandLine.argc)))
        """,
      names: [
        "boom(_:)", "Derived.work(_:)", "Table.size.getter", "Table.subscript.getter", "Table.init(_:)",
        "program.run(_:)", "main",
      ]),
    SwiftFixture(
      testDescription: "actors",
      source: boom + """
        actor Bank {
          var money = 1
          @inline(never) func count(_ x: Int) -> Int { money += x; let y = boom(x); return y + money }
          @inline(never) func pay(_ x: Int) async -> Int { await Task.yield(); let y = count(x); return y + 1 }
        }
        @inline(never) func visit(_ bank: Bank, _ x: Int) async -> Int { let y = await bank.pay(x); return y + 1 }
        print(await visit(Bank(), Int(CommandLine.argc)))
        """,
      names: ["boom(_:)", "Bank.count(_:)", "Bank.pay(_:)", "program.visit(_:_:)"]),
    SwiftFixture(
      testDescription: "a chain of ten async functions",
      source: boom
        + (1...9).map { number in
          """
          @inline(never) func step\(number)(_ x: Int) async throws -> Int { let y = try await step\(number + 1)(x + 1); return y + 1 }

          """
        }.joined() + """
          @inline(never) func step10(_ x: Int) async throws -> Int { await Task.yield(); let y = boom(x); return y + 1 }
          let task = Task { try await step1(Int(CommandLine.argc)) }
          print(try await task.value)
          """,
      names: ["boom(_:)"] + (1...10).reversed().map { "program.step\($0)(_:)" } + ["closure #1 in "]),
  ]
}

@Suite(.serialized) struct `Swift programs show the names that a person expects` {
  @Test(.timeLimit(.minutes(10)), arguments: SwiftFixture.all, [["-Onone"], ["-O", "-g"]])
  func `from the crash to main, in order`(fixture: SwiftFixture, flags: [String]) throws {
    let compiled = try CompiledProgram(fixture.source, .swift, flags: flags)
    try compiled.whileStaying { try expect(fixture.names, in: $0) }
  }

  @Test(.timeLimit(.minutes(10)), arguments: SwiftFixture.all, [["-Onone"], ["-O", "-g"]])
  func `also when the program dies of a fatal error`(fixture: SwiftFixture, flags: [String]) throws {
    let source = fixture.source.replacing(
      "stay_here(); return x + 1", with: "await_tracer(); if x != 0 { fatalError(\"sold out\") }; return x + 1")
    try #require(source != fixture.source)
    let compiled = try CompiledProgram(source, .swift, flags: flags)
    try compiled.whileDying { try expect(fixture.names, in: $0) }
  }

  private func expect(_ names: [String], in stopped: StoppedProgram) throws {
    let walker = StackWalker(memory: stopped.memory, modules: stopped.modules)
    let frames = walker.symbolize(walker.walk(stopped.registers)).frames
    // What a reader folds away.
    let shown = frames.filter { $0.role == nil }.map { $0.symbol ?? "?" }
    var rest = shown[...]
    for name in names {
      let place = try #require(rest.firstIndex { $0.contains(name) }, "\(name) in \(shown)")
      rest = rest[(place + 1)...]
    }
    #expect(frames.allSatisfy { !$0.isMangled })
  }
}
