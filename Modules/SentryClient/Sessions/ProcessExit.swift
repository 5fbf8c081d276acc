// Provides the last words of a process that exits without closing the SDK.
internal import CLinuxShims
internal import LinuxSystem

/// Calls what was registered when the process calls `exit(3)` or returns from `main`.
///
/// Not at `_exit`, `quick_exit`, `exec`, a signal or a crash; and not in a forked child, whose exit is not its parent's.
internal enum ProcessExit {
  private final class Registry: @unchecked Sendable {
    // @unchecked: changed under `access`.
    let access = Lock()
    var actions: [(token: Int, generation: UInt32, action: @Sendable () -> Void)] = []
    var next = 0
  }

  private static let registry: Registry = {
    _ = atexit { ProcessExit.run() }
    return Registry()
  }()

  /// - Returns: what `remove` takes.
  static func add(_ action: @escaping @Sendable () -> Void) -> Int {
    registry.access.withLock {
      registry.next += 1
      registry.actions.append((registry.next, ForkGeneration.current, action))
      return registry.next
    }
  }

  static func remove(_ token: Int) {
    registry.access.withLock { registry.actions.removeAll { $0.token == token } }
  }

  private static func run() {
    let actions = registry.access.withLock { registry.actions }
    for entry in actions where entry.generation == ForkGeneration.current { entry.action() }
  }
}
