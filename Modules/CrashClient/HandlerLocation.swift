// Provides where the handler's executable is.
internal import CLinuxShims
public import LinuxSystem

/// Where to find the handler's executable.
public enum HandlerLocation: Hashable, Sendable {
  /// `crashpad_handler` in the directory of this program's executable (`/proc/self/exe`, links resolved).
  case besideExecutable
  /// A path, relative ones against the working directory. A bare name that is not there is also looked up in `$PATH`.
  case path(FilePath)
  /// This program itself, started once more: where it links `SentrySelfHandler`, it does the handler's work before its
  /// `main`.
  case thisProgram

  /// The name of the handler beside the executable.
  public static let defaultName = "crashpad_handler"

  private static let advice =
    "Swift packages: `swift build --product crashpad_handler` puts it beside your program; otherwise install it"
    + " there, or set the handler path"

  /// The absolute path of a regular file that this process may execute.
  ///
  /// - Throws: `handlerMissing`, `handlerNotAFile` or `handlerNotExecutable`, with advice.
  public func resolve() throws(CrashClientError) -> FilePath {
    switch self {
    case .besideExecutable:
      let executable: FilePath
      do { executable = try FileSystem.executable() } catch {
        throw CrashClientError(
          .handlerMissing, "the program's own path cannot be read from /proc/self/exe", advice: Self.advice,
          underlying: error)
      }
      let path = executable.directory.appending(HandlerLocation.defaultName)
      try HandlerLocation.check(path)
      return path
    case .path(let path):
      if path.isEmpty { throw CrashClientError(.handlerMissing, "the handler path is empty", advice: Self.advice) }
      let absolute = try HandlerLocation.absolute(path)
      if !path.bytes.contains(UInt8(ascii: "/")), !FileSystem.exists(absolute),
        let found = HandlerLocation.searchPath(path)
      {
        return found
      }
      try HandlerLocation.check(absolute)
      return absolute
    case .thisProgram:
      guard self_handler_state() != 0 else {
        throw CrashClientError(
          .handlerMissing, "this program cannot be its own handler: it does not link SentrySelfHandler",
          advice: "Add the package's product SentrySelfHandler to the executable's dependencies")
      }
      // The kernel's own link: it leads to this very program, also when the file has been replaced or removed.
      if FileSystem.isExecutable("/proc/self/exe") { return "/proc/self/exe" }
      guard let path = HandlerLocation.startedAs else {
        throw CrashClientError(
          .handlerMissing, "this program cannot be its own handler: without /proc it does not know its own path",
          advice: "Mount /proc, or install crashpad_handler and name it")
      }
      return path
    }
  }

  /// The path by which the kernel was told to execute this program, `AT_EXECFN` of getauxval(3).
  private static var startedAs: FilePath? {
    guard let text = UnsafePointer<CChar>(bitPattern: UInt(getauxval(31))) else { return nil }
    let path = FilePath(cString: text)
    return path.isAbsolute && FileSystem.isExecutable(path) ? path : nil
  }

  private static func absolute(_ path: FilePath) throws(CrashClientError) -> FilePath {
    if path.isAbsolute { return path }
    do { return try FileSystem.currentDirectory().appending(bytes: path.bytes) } catch {
      throw .system("reading the working directory", error)
    }
  }

  /// The first executable file of that name in `$PATH`. Relative entries are passed over: they would make the program
  /// that is started depend on where the application happens to stand.
  private static func searchPath(_ name: FilePath) -> FilePath? {
    guard let list = EnvironmentVariable.value("PATH") else { return nil }
    for entry in list.bytes.split(separator: UInt8(ascii: ":")) {
      let directory = FilePath(bytes: entry)
      if !directory.isAbsolute { continue }
      let candidate = directory.appending(bytes: name.bytes)
      if FileSystem.isRegularFile(candidate), FileSystem.isExecutable(candidate) { return candidate }
    }
    return nil
  }

  private static func check(_ path: FilePath) throws(CrashClientError) {
    let status: FileStatus
    do { status = try FileSystem.status(path) } catch {
      throw CrashClientError(
        .handlerMissing, "there is no handler at \(path.description)", advice: advice, underlying: error)
    }
    switch status.kind {
    case .regular: break
    case .directory:
      throw CrashClientError(
        .handlerNotAFile, "the handler path \(path.description) is a directory",
        advice: "Name the executable itself, such as \(path.appending(defaultName).description)")
    default:
      throw CrashClientError(.handlerNotAFile, "the handler path \(path.description) is no file", advice: advice)
    }
    if !FileSystem.isExecutable(path) {
      throw CrashClientError(
        .handlerNotExecutable, "the handler \(path.description) is not executable",
        advice: "`chmod +x` it, and see that its file system is not mounted noexec")
    }
  }
}
