// Provides waiting for the signal by which the kernel tells that a traced thread has stopped.
internal import CLinuxShims

/// SIGCHLD, held back for a while so that it can be waited for: a sleep that it ends takes as long as the thread needs to
/// stop, where the shortest sleep by the clock takes a tenth of a millisecond. The signal is a hint only: it is not there
/// when other threads of this process let it through, and the clock then does what it can.
final class ChildSignals {
  private var earlier: sigset_t?

  func block() {
    var child = Self.child
    var mask = sigset_t()
    if pthread_sigmask(SIG_BLOCK, &child, &mask) == 0 { earlier = mask }
  }

  /// The mask as it was; what came meanwhile is delivered if somebody waits for it.
  func unblock() {
    guard var mask = earlier else { return }
    pthread_sigmask(SIG_SETMASK, &mask, nil)
    earlier = nil
  }

  /// - Returns: whether a signal came before the time was over.
  func waitForChild(microseconds: Int) -> Bool {
    guard earlier != nil else {
      usleep(UInt32(microseconds))
      return false
    }
    var child = Self.child
    var time = timespec(tv_sec: 0, tv_nsec: microseconds * 1000)
    return sigtimedwait(&child, nil, &time) == SIGCHLD
  }

  private static var child: sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, SIGCHLD)
    return set
  }
}
