// Provides what this program tells every Crashpad handler, ours or not, through its memory.
internal import CLinuxShims

/// What this program tells every Crashpad handler through its memory: settings, and annotations that have no type.
///
/// A handler finds it by a note in the executable or library that this module is linked into; nothing has to be started.
/// Any thread, at any time. Source: docs/formats/process-snapshot.md.
public enum CrashpadInfo {
  /// A choice that several modules of a process may make; handlers take the first one that is made.
  public enum Choice: UInt8, Hashable, Sendable {
    case unset = 0
    case enabled = 1
    case disabled = 2
  }

  /// `disabled`: handlers make no report of this process, although it asks for one.
  public static var handlerBehavior: Choice {
    get { Choice(rawValue: crashpad_info_shared().pointee.handler_behavior) ?? .unset }
    set { crashpad_set_handler_behavior(newValue.rawValue) }
  }

  /// Whether the system's own crash reporter gets the crash as well. Handlers on Linux know none.
  public static var systemCrashReporterForwarding: Choice {
    get { Choice(rawValue: crashpad_info_shared().pointee.forwarding) ?? .unset }
    set { crashpad_set_forwarding(newValue.rawValue) }
  }

  /// Whether dumps take along what the registers of all threads point to.
  public static var gathersIndirectlyReferencedMemory: Choice {
    Choice(rawValue: crashpad_info_shared().pointee.gather_indirect_memory) ?? .unset
  }

  /// Asks for what the registers of all threads point to, at most `limit` bytes of it.
  public static func gatherIndirectlyReferencedMemory(_ choice: Choice, limit: UInt32) {
    crashpad_set_gather_indirect_memory(choice.rawValue, limit)
  }

  /// Bytes of each thread's stack that dumps take along at most; 0: as many as the handler takes by itself. The field is that
  /// of newer versions of Sentry's Crashpad. Our handler honours it; Chromium's and Sentry's 0.14 pass it over.
  public static var stackLimit: UInt32 {
    get { crashpad_info_shared().pointee.stack_limit }
    set { crashpad_set_stack_limit(newValue) }
  }

  // MARK: - Ranges

  /// Asks for memory in every dump. Up to 64 ranges; handlers of others ignore them on Linux.
  ///
  /// - Parameter range: stays readable until it is removed.
  /// - Returns: `false` when there is no room for another range, or it is empty.
  @discardableResult public static func addExtraMemory(_ range: UnsafeRawBufferPointer) -> Bool {
    guard let range = pair(range) else { return false }
    for index in 0..<Int(CRASHPAD_RANGES) {
      var empty = crashpad_pair(first: 0, second: 0)
      if crashpad_exchange_pair(crashpad_ranges() + index, &empty, range) {
        crashpad_use_ranges()
        return true
      }
    }
    return false
  }

  /// Takes back a range that was added; `false` when it was not.
  @discardableResult public static func removeExtraMemory(_ range: UnsafeRawBufferPointer) -> Bool {
    guard let range = pair(range) else { return false }
    for index in 0..<Int(CRASHPAD_RANGES) {
      var present = range
      if crashpad_exchange_pair(crashpad_ranges() + index, &present, crashpad_pair(first: 0, second: 0)) {
        return true
      }
    }
    return false
  }

  private static func pair(_ range: UnsafeRawBufferPointer) -> crashpad_pair? {
    if range.isEmpty { return nil }
    return crashpad_pair(first: UInt64(UInt(bitPattern: range.baseAddress)), second: UInt64(range.count))
  }
}
