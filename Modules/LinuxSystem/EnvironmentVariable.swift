// Provides the process's environment, read only.
internal import CLinuxShims

/// Reads the environment of this process. Do not use while another thread calls `setenv(3)`.
public enum EnvironmentVariable {
  public static func value(_ name: String) -> FilePath? {
    FilePath(name).withCString { getenv($0) }.map { FilePath(cString: $0) }
  }

  /// All `KEY=VALUE` strings.
  public static func all() -> [FilePath] {
    guard let environment = linux_environ() else { return [] }
    var result: [FilePath] = []
    var index = 0
    while let entry = environment[index] {
      result.append(FilePath(cString: entry))
      index += 1
    }
    return result
  }
}
