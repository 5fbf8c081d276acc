// Provides a thread that is joined.
internal import CLinuxShims
import Synchronization

/// A thread that runs one closure. Whoever starts it joins it.
final class WorkerThread: Sendable {
  private let thread = Mutex<pthread_t?>(nil)

  init(_ body: @escaping @Sendable () -> Void) throws {
    let box = Unmanaged.passRetained(Body(run: body))
    var number = pthread_t()
    let failure = pthread_create(
      &number, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, box.toOpaque())
    if failure != 0 {
      box.release()
      throw TestKitError(.system, "no thread: error \(failure)")
    }
    thread.withLock { $0 = number }
  }

  /// Waits until the closure has returned. Calling it again does nothing.
  func join() {
    let number = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    if let number { pthread_join(number, nil) }
  }

  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(run: @escaping @Sendable () -> Void) { self.run = run }
  }
}
