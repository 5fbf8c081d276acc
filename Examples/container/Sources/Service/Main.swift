// A service that is process 1 of its container, and crashes at its first request.
import Glibc
import SentryNative

@main
struct Main {
  static func main() {
    SentrySDK.start { options in
      options.useSelfHandler = true
      // The only place that the container may write to; a volume, so that reports outlive it.
      options.databasePath = "/data/sentry"
      options.releaseName = "service@1.0.0"
      // Less than the platform's grace period.
      options.crashTimeout = .seconds(20)
      // A service that is started again whenever it crashes.
      options.floodLimit = 10
    }
    for issue in SentrySDK.health.issues { print("health: \(issue)") }
    serve(requests: [])
  }

  static func serve(requests: [String]) {
    print("serving")
    // A pipe to the log collector is no terminal: what is not written out is lost in the crash.
    fflush(nil)
    print(requests[requests.count])
  }
}
