import LinuxSystem
import Testing

@testable import StackWalk

@Suite(.serialized) struct `Names` {
  /// Of programs of every kind: functions, closures, generics, accessors, witnesses, async parts, macros, operators.
  private static let swift = [
    "$s4main5crashyyF", "$s1d6ServerV3top4name_SiSS_SitYaKF", "$s1d6ServerV3top4name_SiSS_SitYaKFTQ0_",
    "$s1d4leafyS2iYaFTY0_", "$sSa9formIndex5afterySiz_tF", "$s4main3FooC3barSivg", "$s4main3FooCACycfC",
    "$s4main3FooV2eeoiySbAC_ACtFZ",
    "$ss17_assertionFailure__4file4line5flagss5NeverOs12StaticStringV_SSAHSus6UInt32VtF",
    "$s4main6deeperyySiF04leafA0L_yyF", "$sSS4mainE6doubleSSyF", "$s4main4swapyyxz_xztlF",
    "$sytIeAgHr_", "$s4main5crashyySiFyyYaYbcfU_",
  ]
  private static let cxx = [
    "_ZNSt6vectorIiSaIiEE9push_backEOi", "_ZN5boost6system10error_code5clearEv", "_Z3fooiPKc",
    "_ZNK3Foo3barERKSt6stringS2_",
    "_ZN12_GLOBAL__N_13runEv", "_ZTV3Foo",
  ]

  private func output(of tool: [String], _ names: [String]) throws -> [String] {
    let text = try capturedOutput(of: tool + names)
    return text.split(separator: "\n").map(String.init)
  }

  @Test(.timeLimit(.minutes(10)))
  func `of Swift are demangled as the toolchain's own tool does it`() throws {
    let expected = try output(of: ["swift", "demangle", "--compact"], Self.swift)
    #expect(expected.count == Self.swift.count)
    for (name, readable) in zip(Self.swift, expected) { #expect((Demangler.demangle(name) ?? name) == readable) }
  }

  @Test(.timeLimit(.minutes(10)))
  func `of C++ are demangled as binutils do it`() throws {
    #expect(Self.cxx.map { Demangler.demangle($0) ?? $0 } == (try output(of: ["c++filt"], Self.cxx)))
  }

  @Test func `that are not mangled stay as they are`() {
    for name in ["main", "", "$", "$s", "_Z", "_T", "__libc_start_main", "$sNOPE\u{fffd}", "_ZN99999999999x"] {
      #expect(Demangler.displayName(name) == name)
    }
    #expect(Demangler.demangle(String(repeating: "$sS", count: 100_000)) == nil)
  }

  @Test(arguments: [
    ("main.Shop.buy(item: Swift.String, _: Swift.Int) async throws -> Swift.Bool", "main.Shop.buy(item:_:)"),
    ("main.crash() -> ()", "main.crash()"),
    ("main.crash(Swift.Int) throws(main.E) -> ()", "main.crash(_:)"),
    ("(2) await resume partial function for main.mid(Swift.Int) async -> Swift.Int", "main.mid(_:)"),
    ("closure #1 (Swift.Int) async -> () in main.run(body: (Swift.Int) -> ()) -> ()", "closure #1 in main.run(body:)"),
    ("closure #1 () -> () in main.run<A where A: Swift.Hashable>(A, x: (A, A)) -> A", "closure #1 in main.run(_:x:)"),
    ("main.(secret in _12AB)(Swift.Int) -> ()", "main.secret(_:)"),
    ("(extension in main):Swift.String.double() -> Swift.String", "Swift.String.double()"),
    ("main.Foo.bar.getter : Swift.Int", "main.Foo.bar.getter"),
    ("static main.Foo.== infix(main.Foo, main.Foo) -> Swift.Bool", "static main.Foo.== infix(_:_:)"),
    ("static Swift.Int.< infix(Swift.Int, Swift.Int) -> Swift.Bool", "static Swift.Int.< infix(_:_:)"),
    ("generic specialization <Swift.Int> of Swift.Array.append(__owned A) -> ()", "specialized Swift.Array.append(_:)"),
    (
      "function signature specialization <Arg[0] = Dead> of generic specialization <Swift.Int> of main.f<A>(A) -> ()",
      "specialized main.f(_:)"
    ),
    ("static main.Traps.fail@Sendable () -> ()", "static main.Traps.fail()"),
    (
      "closure #6 @Sendable () -> () in variable initialization expression of static main.Zoo.all : [main.Zoo]",
      "closure #6 in variable initialization expression of static main.Zoo.all"
    ),
    (
      "(1) await resume partial function for partial apply forwarder for reabstraction thunk helper <A> from @escaping A",
      "partial apply forwarder for reabstraction thunk"
    ),
    (
      "merged generic specialization <Swift.UInt64> of Swift.Array.subscript.getter : A",
      "specialized Swift.Array.subscript.getter"
    ),
    ("unbalanced((([<", "unbalanced()"), ("(", ""), (" -> ", ""), ("a)))b", "a)))b"),
  ])
  func `are shortened to what people call them`(full: String, short: String) {
    #expect(SwiftName.shortened(full) == short)
  }

  @Test func `tell async functions from those that take one`() {
    for name in [
      "$s1d4leafyS2iYaF", "$s1d3midyS2iYaKF", "$s1d3midyS2iYaKFTQ1_", "$s1d4leafyS2iYaFTY0_", "$s1d1AV1fyyYaKFZ",
      "$s1dSiyYaYbKcfU_", "$s1dSiyYacfU0_",
    ] {
      #expect(Demangler.isSwiftAsync(name), "\(name)")
    }
    for name in ["$s4main5crashyyF", "$s1d3runyyyyYacF", "$s1d3runyyyyYaXEF", "main", "$s1d4leafyS2iYaFTu"] {
      #expect(!Demangler.isSwiftAsync(name), "\(name)")
    }
  }
}
