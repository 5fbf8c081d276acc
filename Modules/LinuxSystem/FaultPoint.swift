// Provides named places where a test makes this process fail or die.
internal import CLinuxShims

/// A named place in the code at which a test can inject a failure, so that recovery from `kill -9` at that very
/// instruction can be shown with real processes.
///
/// The environment variable `SENTRY_NATIVE_FAULT` holds `NAME:ACTION`, several of them separated by commas. The action
/// is `kill` (SIGKILL to this process), or an error number, which is thrown.
///
/// Only debug builds have such places: a binary that ships must not be told by its environment to die. CI looks for the
/// variable's name in it.
public enum FaultPoint {
  #if FAULT_POINTS
    /// Whether the variable was set when the first place was reached.
    private static let isArmed: Bool = getenv("SENTRY_NATIVE_FAULT") != nil
  #endif

  /// Says that the place `name` has been reached.
  ///
  /// - Throws: the error number that was asked for.
  @inline(__always)
  public static func reached(_ name: StaticString) throws(Errno) {
    #if FAULT_POINTS
      if isArmed { try act(name) }
    #endif
  }

  #if FAULT_POINTS
    @inline(never)
    private static func act(_ name: StaticString) throws(Errno) {
      guard let value = EnvironmentVariable.value("SENTRY_NATIVE_FAULT") else { return }
      let wanted = Array(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
      for entry in value.bytes.split(separator: UInt8(ascii: ",")) {
        guard let colon = entry.lastIndex(of: UInt8(ascii: ":")), entry[..<colon].elementsEqual(wanted) else {
          continue
        }
        let action = entry[(colon + 1)...]
        if action.elementsEqual("kill".utf8) {
          _ = kill(getpid(), SIGKILL)
          while true { _ = pause() }
        }
        var number: Int32 = 0
        for digit in action where digit >= 0x30 && digit <= 0x39 { number = number &* 10 &+ Int32(digit - 0x30) }
        throw Errno(rawValue: number)
      }
    }
  #endif
}
