// Provides the start of the SDK inside CrashZoo, as a user's program does it.

import CLinuxShims
import SentryNative

func startSDK(_ arguments: Arguments) {
  SentrySDK.start { options in
    if !arguments.dsn.isEmpty { options.dsn = arguments.dsn }
    options.handlerPath = arguments.handler
    options.restartHandler = arguments.restartsHandler
    options.floodLimit = arguments.floodLimit
    options.crashTimeout = .seconds(arguments.crashTimeout)
    options.databasePath = arguments.database
    options.releaseName = "crash-zoo@1.0.0"
    options.environment = "test"
  }
  if !SentrySDK.isEnabled {
    fputs("CrashZoo: the SDK did not start: \(SentrySDK.health)\n", stderrStream())
    exit(3)
  }
  SentrySDK.setTag(value: arguments.flavor, key: "flavor")
  SentrySDK.addBreadcrumb(Breadcrumb(level: .info, category: "zoo"))
}
