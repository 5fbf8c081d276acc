import CLinuxShims
import Glibc
import LinuxSystem
import LocalStack
import Testing

@testable import StackWalk

@inline(never) private func descend<Result>(_ depth: Int, _ body: () -> Result) -> Result {
  if depth == 0 { return body() }
  let result = descend(depth - 1, body)
  // Work behind the call keeps it from becoming a jump.
  withExtendedLifetime(result) {}
  return result
}

@inline(never) private func leaf() async -> CallStack {
  await Task.yield()
  return CallStack()
}
@inline(never) private func middle() async -> CallStack {
  let stack = await leaf()
  await Task.yield()
  return stack
}
@inline(never) private func root() async -> CallStack {
  let stack = await middle()
  await Task.yield()
  return stack
}

/// The symbols that return addresses in this program belong to.
private func names(_ addresses: [UInt]) throws -> [String] {
  let path = try FileSystem.executable()
  let file = try #require(MappedELF(path))
  let table = SymbolTable(file)
  let modules = LoadedModules.current()
  defer { withExtendedLifetime(file) {} }
  return addresses.map { address in
    guard let module = modules.module(containing: address), module.path == path else { return "" }
    return table.symbol(at: UInt64(address - 1 - module.base) &+ (file.headers.headerAddress ?? 0))?.name ?? ""
  }
}

/// libgcc's opinion, by call frame information.
@inline(never) private func unwound() -> [UInt] {
  // Not in Swift's module of libc.
  typealias Backtrace = @convention(c) (UnsafeMutablePointer<UInt>, Int32) -> Int32
  let backtrace = unsafeBitCast(dlsym(nil, "backtrace"), to: Backtrace.self)
  var addresses = [UInt](repeating: 0, count: 256)
  let count = backtrace(&addresses, 256)
  return Array(addresses.prefix(Int(count)))
}

@Suite struct `Call stacks of this thread` {
  @Test func `a recursion shows as often as it called itself`() {
    let addresses = descend(40) { CallStack(limit: 100).addresses }
    let most = Dictionary(grouping: addresses) { $0 }.values.map(\.count).max()
    #expect(most == 40)
  }

  @Test func `frames are those that libgcc unwinds by tables`() {
    let (ours, theirs) = descend(20) { (CallStack().addresses, unwound()) }
    // Both start in the closure above, and name other instructions of it.
    let tail = Array(ours.dropFirst().prefix(21))
    #expect(tail.count == 21)
    let start = theirs.firstIndex(of: tail[0])
    #expect(start.map { Array(theirs[$0...].prefix(21)) } == tail)
  }

  @Test func `a limit keeps the innermost frames, and skipping leaves them out`() {
    let (all, few, skipped) = descend(20) {
      (CallStack().addresses, CallStack(limit: 5).addresses, CallStack(limit: 5, skipping: 3).addresses)
    }
    #expect(few.count == 5 && few.dropFirst() == all.dropFirst().prefix(4))
    #expect(skipped == Array(all[3..<8]))
    #expect(CallStack(limit: 0).addresses.isEmpty)
    #expect(CallStack(limit: -1, skipping: -1).addresses.isEmpty)
    var buffer: [UInt] = [0, 0, 0]
    let count = buffer.withUnsafeMutableBufferPointer { CallStack.current(limit: 1000, into: $0) }
    #expect(count == 3)
  }

  @Test(.timeLimit(.minutes(10))) func `callers of an async function follow it`() async throws {
    let names = try names(await root().addresses)
    let chain = names.compactMap { name in ["4leaf", "6middle", "4root"].first { name.contains($0 + "33_") } }
    #expect(chain == ["4leaf", "6middle", "4root"], "\(names)")
  }

  @Test func `a broken chain ends the walk and never faults`() {
    var generator = SystemRandomNumberGenerator()
    var shortest = Int.max
    let end = stackEnd()
    for round in 0..<200_000 {
      let count = damaged(round, end, &generator)
      shortest = min(shortest, count)
      #expect(count <= 64)
    }
    #expect(shortest >= 1)
  }

  private func stackEnd() -> UInt {
    var address = local_stack_frame()
    while local_stack_contains(address) != 0 { address += 4096 }
    return address & ~4095
  }

  /// Walks with a frame pointer that points to anywhere.
  @inline(never) private func damaged(_ round: Int, _ end: UInt, _ generator: inout SystemRandomNumberGenerator) -> Int
  {
    let frame = local_stack_frame()
    guard let words = UnsafeMutablePointer<UInt>(bitPattern: frame) else { return 0 }
    let saved = words[0]
    let random = generator.next() as UInt
    switch round % 6 {
    case 0: words[0] = random
    case 1: words[0] = frame &+ (random % 65_536) & ~7
    case 2: words[0] = frame
    case 3: words[0] = end &- (random % 32)
    case 4: words[0] = random & 0x7fff_ffff_fff8
    default: words[0] = 1 << 60 | (random & 0x7fff_ffff_fff8)
    }
    defer { words[0] = saved }
    return withUnsafeTemporaryAllocation(of: UInt.self, capacity: 64) { CallStack.current(limit: 64, into: $0) }
  }

  @Test func `a stack that is not the thread's own is walked too`() throws {
    // A signal handler on an alternate stack: its frames lie outside of the thread's bounds.
    let size = 64 << 10
    let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    defer { memory.deallocate() }
    var stack = stack_t(ss_sp: memory, ss_flags: 0, ss_size: size)
    var old = stack_t()
    try #require(sigaltstack(&stack, &old) == 0)
    defer { sigaltstack(&old, nil) }
    var action = sigaction()
    action.sa_flags = SA_ONSTACK
    action.__sigaction_handler.sa_handler = { _ in
      let stack = descend(10) { CallStack().addresses }
      framesOnAlternateStack = Dictionary(grouping: stack) { $0 }.values.map(\.count).max() ?? 0
    }
    var before = sigaction()
    sigaction(SIGURG, &action, &before)
    defer { sigaction(SIGURG, &before, nil) }
    // Dispatch blocks signals on its threads.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGURG)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    defer { pthread_sigmask(SIG_BLOCK, &signals, nil) }
    pthread_kill(pthread_self(), SIGURG)
    #expect(framesOnAlternateStack == 10)
  }
}

nonisolated(unsafe) private var framesOnAlternateStack = 0
