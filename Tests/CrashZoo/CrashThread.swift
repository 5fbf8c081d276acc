// Provides the kinds of thread that a program can die on.

import CCrashZoo
import Dispatch

enum CrashThread: String, CaseIterable {
  case main, pthread, dispatch, task
}

/// What the new thread runs: C takes a function without a context.
nonisolated(unsafe) private var threadBody: @Sendable () -> Void = {}

/// Runs `body` on a thread of the given kind and does not return.
nonisolated func run(on thread: CrashThread, _ body: @escaping @Sendable () -> Void) -> Never {
  switch thread {
  case .main: body()
  case .pthread:
    threadBody = body
    zoo_run_on_thread(callThreadBody)
  case .dispatch: DispatchQueue(label: "zoo.queue").async { body() }
  case .task: Task.detached { await asynchronously(body) }
  }
  while true { zoo_wait_forever() }
}

// A closure formed on the main actor would be checked for its actor on the other thread.
nonisolated private func callThreadBody() { threadBody() }

@inline(never)
nonisolated private func asynchronously(_ body: @Sendable () -> Void) async {
  await Task.yield()
  body()
}
