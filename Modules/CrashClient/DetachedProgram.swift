// Provides the start of a program that outlives this process and is no child of it.
internal import CLinuxShims
public import LinuxSystem

/// A handler, or an application's crash reporter.
public enum DetachedProgram {
  /// Starts it. Not for signal handlers.
  ///
  /// - Parameters:
  ///   - arguments: with the program's name as the first one.
  ///   - environment: `KEY=VALUE` strings.
  ///   - descriptor: stays open, with 0 to 2 and none else.
  /// - Returns: its process id, and 0; or an `errno` in place of that 0.
  public static func start(
    _ program: FilePath, _ arguments: [FilePath], environment: [FilePath], keeping descriptor: Int32 = 2
  ) -> (process: Int32, failure: Int32) {
    var process: Int32 = 0
    let failure = program.withCString { path in
      withCStringArray(arguments) { argv in
        withCStringArray(environment) { environment in
          var request = linux_detached_process(
            path: path, arguments: argv, environment: environment, kept: descriptor, process: 0, failure: 0,
            inner_stack: nil)
          let failure = linux_spawn_detached(&request)
          process = request.process
          return failure
        }
      }
    }
    return (process, failure)
  }
}
