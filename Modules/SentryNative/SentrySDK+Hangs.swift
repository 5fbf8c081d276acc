// Provides the watch over the main thread and event loops.
import Dispatch
public import SentryClient

extension SentrySDK {
  /// Watches an event loop, where `Options.enableAppHangTracking` is on: one that takes longer than
  /// `Options.appHangTimeoutInterval` to answer is reported with its stack, once.
  ///
  /// ```swift
  /// import Dispatch
  ///
  /// let queue = DispatchQueue(label: "orders")
  /// SentrySDK.watchEventLoop("orders") { answer in queue.async(execute: answer) }
  /// ```
  ///
  /// - Parameters:
  ///   - name: as the report names it.
  ///   - ping: puts what it is given into the loop's queue. Called on the SDK's thread, again and again.
  public static func watchEventLoop(_ name: String, ping: @escaping HangMonitor.Ping) {
    current.monitor?.watch(name, ping: ping)
  }

  /// The calling thread lives. The first one that calls is watched, where `Options.enableAppHangTracking` is on: a thread
  /// that has no queue says so itself, at least once in `Options.appHangTimeoutInterval`.
  public static func appHangHeartbeat() { current.monitor?.heartbeat() }

  /// The thread with the heartbeats may be silent until its next one.
  public static func appHangPause() { current.monitor?.pause() }

  /// The monitor that the options ask for, with the main queue under watch.
  internal static func hangMonitor(_ client: SentryClient, _ options: Options) -> HangMonitor? {
    if !options.enableAppHangTracking { return nil }
    let monitor = HangMonitor(client, milliseconds: UInt64(options.appHangTimeoutInterval.milliseconds))
    // A main thread that serves no queue never answers, and is not watched.
    monitor.watch("The main thread") { answer in DispatchQueue.main.async(execute: answer) }
    monitor.start()
    return monitor
  }
}
