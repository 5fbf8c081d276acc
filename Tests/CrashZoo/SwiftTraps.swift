// Provides the deaths that Swift's own runtime arranges.

enum SwiftTraps {
  @Sendable static func callFatalError() { fatalError("the zoo called fatalError") }

  @Sendable static func failPrecondition() { precondition(opaque(1) == 2, "the zoo's precondition") }

  @Sendable static func readPastTheEnd() {
    let numbers = [1, 2, 3]
    use(numbers[opaque(7)])
  }

  @Sendable static func unwrapNil() {
    let nothing: Int? = opaque(nil)
    // swift-format-ignore: NeverForceUnwrap
    use(nothing!)
  }

  @Sendable static func overflow() { use(opaque(Int.max) + opaque(1)) }

  @Sendable static func divideByZero() { use(opaque(7) / opaque(0)) }

  @Sendable static func failCast() {
    let value: Any = opaque("text")
    // swift-format-ignore: NeverForceUnwrap
    use(value as! Int)
  }

  @Sendable static func accessTwice() {
    let counter = Counter()
    modify(&counter.value) { counter.value = 2 }
    use(counter.value)
  }

  private final class Counter { var value = 0 }

  @inline(never)
  private static func modify(_ value: inout Int, _ body: () -> Void) {
    body()
    value += 1
  }

  /// Hides a value from the optimiser, which would otherwise report the mistake at build time or remove it.
  @inline(never) @_optimize(none)
  private static func opaque<Value>(_ value: Value) -> Value { value }

  @inline(never) @_optimize(none)
  private static func use(_ value: Int) {}
}
