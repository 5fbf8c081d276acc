// A parent and its children: all children crash, and the parent accounts for every report.

import Foundation
import SentryNative

@main
struct MultiProcess {
  static let usage = """
    Usage: MultiProcess [--children N] [--shared|--separate] [--folder DIR] [--handler FILE]
      --children  how many processes crash at the same time (6)
      --shared    one database for all of them (this is the default)
      --separate  a database for each
      --folder    where the databases go (a folder here)

    """

  static func main() {
    let arguments = Arguments(Array(CommandLine.arguments.dropFirst()))
    if arguments.isHelp {
      print(usage, terminator: "")
    } else if let child = arguments.child {
      CrashingChild(number: child).run(database: arguments.folder, handler: arguments.handler)
    } else {
      exit(Parent(arguments).run() ? 0 : 1)
    }
  }
}
