// Provides the socket pair on which the handler can ask a crashing thread for what it may not see itself.
internal import CLinuxShims
internal import LinuxSystem

internal enum CrashChannel {
  /// Makes the pair that the first crash uses: a sandbox that is entered later may not allow that any more.
  ///
  /// - Parameter version: of our handler; `nil` for another, which knows no channel.
  static func prepare(handlerVersion version: UInt16?) {
    let state = crash_path()
    guard let version, Int32(version) >= CRASH_HANDLER_TAKES_CHANNEL else {
      state.pointee.takes_channel = 0
      return
    }
    state.pointee.takes_channel = 1
    // Without one the crash makes it, or does without.
    guard let pair = try? SocketPair() else { return }
    let (near, far) = pair.release()
    state.pointee.channel = near
    state.pointee.channel_offer = far
    state.pointee.channel_process = getpid()
  }

  static func discard() {
    let state = crash_path()
    state.pointee.takes_channel = 0
    for end in [state.pointee.channel, state.pointee.channel_offer] where end >= 0 { _ = close(end) }
    state.pointee.channel = -1
    state.pointee.channel_offer = -1
  }
}
