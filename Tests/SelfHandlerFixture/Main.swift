// Provides a program that is its own crash handler: it says who and where it is when its main begins, and dies.
import CLinuxShims
import LinuxSystem
import SentryNative
import SentrySelfHandler

@main
struct Main {
  /// Arguments: the database, a DSN or nothing, and the seconds that a crash may be held up.
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count >= 3 else { exit(2) }
    print("main of process \(getpid()), user \(geteuid())")
    print("read-only root: \(access("/", W_OK) != 0 && Errno.current.rawValue == EROFS)")
    SentrySDK.start { options in
      options.databasePath = arguments[1]
      options.dsn = arguments[2]
      options.releaseName = "self@1"
      options.useSelfHandler = true
      if arguments.count > 3 { options.crashTimeout = .seconds(Int(arguments[3]) ?? 5) }
    }
    SentrySDK.setTag(value: "yes", key: "is-own-handler")
    print("issues: \(SentrySDK.health.issues)")
    fflush(nil)
    fatalError("died without anything beside it")
  }
}
