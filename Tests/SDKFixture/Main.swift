// Provides a program that uses the SDK as a user's program does, told by its arguments what to do.
//
// Usage: SDKFixture HANDLER DATABASE DSN STEP...
import CLinuxShims
import LinuxSystem
import SentryNative

@main
enum Main {
  static func main() async {
    let arguments = CommandLine.arguments
    guard arguments.count >= 4 else { exit(64) }
    var options = Options()
    options.handlerPath = arguments[1]
    options.databasePath = arguments[2]
    options.dsn = arguments[3].isEmpty ? nil : arguments[3]
    options.releaseName = "fixture@1.2.3"
    for step in arguments[4...] {
      let words = step.split(separator: "=", omittingEmptySubsequences: false).map { String($0) }
      await perform(words[0], words.count > 1 ? words[1] : "", words.count > 2 ? words[2] : "", &options)
    }
  }

  private static func perform(_ step: String, _ first: String, _ second: String, _ options: inout Options) async {
    switch step {
    case "debug": options.debug = true
    case "consent-required": options.requireUserConsent = true
    case "file": options.attachments.append(first)
    case "start": SentrySDK.start(options: options)
    case "start-closure": SentrySDK.start { $0.databasePath = first }
    case "tag": SentrySDK.setTag(value: second, key: first)
    case "user": SentrySDK.setUser(User(userId: first, email: second))
    case "breadcrumb": SentrySDK.addBreadcrumb(Breadcrumb(level: .info, category: "test", message: first))
    case "attach": SentrySDK.configureScope { $0.addAttachment(path: first) }
    case "detach": SentrySDK.configureScope { $0.removeAttachment(path: first) }
    case "consent": SentrySDK.giveUserConsent()
    case "close": SentrySDK.close()
    case "flush": say("flush", flushBlocking(Int(first) ?? 0))
    case "flush-async": say("flush", await SentrySDK.flush(timeout: .milliseconds(Int(first) ?? 0)))
    case "crashed-last-run": say("crashed", SentrySDK.crashedLastRun)
    case "event-id": say("event", SentrySDK.crashEventID.dashed)
    case "captures": say("captures", SentrySDK.health.capturesCrashes)
    case "issues": say("issues", SentrySDK.health.issues.map { $0.code.rawValue }.joined(separator: ","))
    case "handler": say("handler", SentrySDK.health.handlerProcessID ?? 0)
    case "run": say("run", SentrySDK.health.runDirectory?.description ?? "none")
    case "wait": while true { CLinuxShims.pause() }
    case "kill": _ = kill(getpid(), SIGKILL)
    case "abort": abort()
    case "crash": SentrySDK.crash()
    case "fork-breadcrumb":
      let child = linux_fork()
      if child == 0 {
        SentrySDK.addBreadcrumb(Breadcrumb(message: first))
        SentrySDK.setTag(value: "child", key: "process")
        _exit(0)
      }
      var status: Int32 = 0
      waitpid(child, &status, 0)
    default: exit(64)
    }
  }

  private static func flushBlocking(_ milliseconds: Int) -> Bool {
    SentrySDK.flush(timeout: .milliseconds(milliseconds))
  }

  private static func say(_ name: String, _ value: some CustomStringConvertible) {
    try? OwnedFileDescriptor(owning: dup(1)).writeAll(Array("\(name)=\(value)\n".utf8))
  }
}
