// Provides `crashctl show`.

internal import CLinuxShims
internal import LinuxSystem
internal import MinidumpFormat

enum ShowCommand {
  private static let help = """
    Usage: crashctl show [--json] [--verbose] DUMP

    Shows everything a minidump holds, whoever wrote it: Breakpad, Crashpad, LLDB, Windows, macOS, rust-minidump.

      --json     one JSON object; addresses, codes and 64-bit sizes are strings "0x...", ids and counts are numbers
      --verbose  also registers of every thread, memory ranges and regions, files of /proc, the environment

    Exit status: 0 done, 1 the file is no minidump or cannot be read, 2 wrong usage.
    What a damaged dump does not give is listed at the end (in JSON as "soft_errors"); the status is still 0.

    """

  static func run(_ arguments: [String]) -> Int32 {
    var (isJSON, isVerbose) = (false, false)
    var files: [String] = []
    var onlyFiles = false
    for argument in arguments {
      switch argument {
      case _ where onlyFiles: files.append(argument)
      case "--": onlyFiles = true
      case "--json": isJSON = true
      case "--verbose", "-v": isVerbose = true
      case "--help", "-h": return write(Array(help.utf8), to: STDOUT_FILENO)
      case _ where argument.hasPrefix("-") && argument != "-": return usage("unknown option \(argument)")
      default: files.append(argument)
      }
    }
    guard files.count == 1, let file = files.first else {
      return usage(files.isEmpty ? "which minidump?" : "one minidump at a time")
    }
    let reader: MinidumpReader
    do {
      let mapped = try MappedFile(file == "-" ? "/dev/stdin" : FilePath(file))
      reader = try MinidumpReader(MinidumpBytes(unowned: mapped.bytes, keepingAlive: mapped))
    } catch {
      _ = write(Array("crashctl show: \(file): \(error)\n".utf8), to: STDERR_FILENO)
      return 1
    }
    if isJSON { return write(ShowJSON.text(of: reader), to: STDOUT_FILENO) }
    let isColoured = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nil
    return write(
      ShowText.text(of: reader, file: file, isColoured: isColoured, isVerbose: isVerbose), to: STDOUT_FILENO)
  }

  private static func usage(_ problem: String) -> Int32 {
    _ = write(Array("crashctl show: \(problem); crashctl show --help tells more\n".utf8), to: STDERR_FILENO)
    return 2
  }

  private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
    let output = OwnedFileDescriptor(owning: descriptor)
    var status: Int32 = 0
    do throws(Errno) { try output.writeAll(bytes) } catch { status = 1 }
    // The standard streams belong to the process.
    _ = output.release()
    return status
  }
}
