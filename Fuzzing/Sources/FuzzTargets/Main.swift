import CFuzzDriver
import CrashProtocol

@main
struct Fuzz {
  static func main() {
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
    let status = LLVMFuzzerRunDriver(&count, &arguments) { data, size in
      _ = try? ClientMessage.decode(UnsafeRawBufferPointer(start: data, count: size))
      return 0
    }
    fatalError("\(status)")
  }
}
