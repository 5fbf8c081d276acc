// Provides the start of the SDK inside CrashZoo, as a user's program does it.

import CLinuxShims
import SentryNative

func startSDK(_ arguments: Arguments) {
  fputs("CrashZoo: the SDK cannot be started in this build\n", stderrStream())
  exit(3)
}
