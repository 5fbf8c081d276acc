internal import CLinuxShims

/// The entry point. Embedded Swift has no `CommandLine`, so the C entry is written out.
@c(crashpad_handler_main)
public func entry(_ count: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> Int32 {
  _ = puts("hello")
  return 0
}
