// Provides the signal of a death.
import LinuxSystem

extension ProcessTermination {
  /// The signal that ended the process; `nil` when it exited.
  package var signal: Int32? { if case .signaled(let signal, _) = self { signal } else { nil } }
}
