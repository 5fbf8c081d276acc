// Provides the crash handler and the stack walker inside the program that links this module.
import CLinuxShims
import CSelfHandler
import LinuxSystem
import SentryHandler
import WalkerCommand

/// Makes a program its own crash handler, so that nothing else has to be shipped.
///
/// A program that depends on this product has handler and walker inside. With `Options.useSelfHandler`, or
/// `SENTRY_SELF_HANDLER=1` in the environment, the SDK starts the program itself once more as its handler; that process
/// never reaches the program's `main`. It costs some megabytes of the executable and nothing else: see
/// docs/self-handler.md.
public enum SentrySelfHandler {
  /// Whether this program can be its own handler: `true` wherever this can be called.
  public static var isLinked: Bool { self_handler_state() != 0 }
}

@implementation @c
public func self_handler_serve(_ count: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>)
  -> Int32
{
  SentryHandler.main(words(count, arguments))
}

@implementation @c
public func self_handler_walk(_ count: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>)
  -> Int32
{
  WalkerCommand.run(words(count, arguments).map { $0.description })
}

private func words(_ count: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> [FilePath] {
  (0..<Int(max(0, count))).compactMap { index in arguments[index].map { FilePath(cString: $0) } }
}
