// Provides the entry point of the handler.
internal import CLinuxShims
internal import LinuxSystem
internal import SentryHandler

/// The C entry point, written out since Embedded Swift has no `CommandLine`. SwiftPM makes `main` an alias of the
/// module's name with this suffix.
@c(crashpad_handler_main)
public func entry(_ count: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> Int32 {
  var paths: [FilePath] = []
  for index in 0..<Int(max(0, count)) {
    if let argument = arguments?[index] { paths.append(FilePath(cString: argument)) }
  }
  return SentryHandler.main(paths)
}
