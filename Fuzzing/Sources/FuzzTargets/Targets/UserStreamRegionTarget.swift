// Provides the fuzz target of the memory that a browser shares with its handler.
@testable import HandlerCore
import LinuxSystem

/// A file without a name; -1 when there can be none.
private let region: Int32 = {
  let path = FileSystem.temporaryDirectory.appending("fuzz-region-\(UniqueID.random())")
  guard let file = try? FileSystem.open(path, [.readWrite, .create]) else { return -1 }
  try? FileSystem.remove(path)
  return file.release()
}()

let userStreamRegion = FuzzTarget(
  name: "user-stream-region",
  seeds: {
    var region: [UInt8] = []
    for word: UInt32 in [0x5254_5355, 1, 0x4b6b_0003, 16, 2, 7] { region.append(word) }
    region += Array("content".utf8) + [0]
    var writing = region
    writing.put(UInt32(3), at: 16)
    return [("content", region), ("being-written", writing), ("text", Array("7,64".utf8))]
  },
  body: { bytes in
    use(UserStreamRegion(text: FilePath(bytes: [UInt8](bytes))))
    use(PtraceScope(text: [UInt8](bytes)))
    let file = OwnedFileDescriptor(owning: region)
    let written = (try? file.truncate(to: 0)) != nil && (try? file.writeAll([UInt8](bytes), at: 0)) != nil
    _ = file.release()
    guard written, let found = UserStreamRegion(text: FilePath("\(region),\(bytes.count)")) else { return }
    if let stream = found.stream() { precondition(!stream.bytes.isEmpty && stream.bytes.count <= bytes.count) }
  })
