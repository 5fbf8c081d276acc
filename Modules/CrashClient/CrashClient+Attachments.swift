// Provides attachments of later reports, and files that the handler writes for this process.
internal import CrashProtocol
public import LinuxSystem

extension CrashClient {
  /// Adds a file to every later report; it is read at the time of the crash. Adding it twice is no error. Handlers take
  /// this, and removal and retry, from the process that started them only: a forked child's are ignored.
  public func addAttachment(_ path: FilePath) throws(CrashClientError) {
    changeFallback { $0.add(path) }
    if isAlone { return }
    try send(.addAttachment(path: path.bytes))
  }

  /// Takes a file out of later reports.
  public func removeAttachment(_ path: FilePath) throws(CrashClientError) {
    changeFallback { $0.remove(path) }
    if isAlone { return }
    try send(.removeAttachment(path: path.bytes))
  }

  /// Asks the handler to try pending uploads now.
  public func requestRetry() throws(CrashClientError) { try send(.requestRetry) }

  /// How a file is written.
  public enum WriteOperation: Sendable { case replace, append }

  /// Has the handler write `bytes` to a file, so that this process need not wait for the disk. What does not fit one
  /// packet is written here, as is everything in a dialect without such a message. Nothing says when it is on disk.
  public func writeAttachment(
    _ operation: WriteOperation, to path: FilePath, _ bytes: [UInt8]
  ) throws(CrashClientError) {
    let write = AttachmentWrite(operation == .replace ? .replace : .append, path: path.bytes, payload: bytes)
    if dialect == .sentry, !isAlone, bytes.count <= AttachmentWrite.maximumPayload {
      do {
        try send(.writeAttachment(write))
        return
      } catch {
        // EMSGSIZE and ENOBUFS: the socket's buffer is smaller than the packet.
        if error.underlying != .messageTooLong && error.underlying?.rawValue != 105 { throw error }
      }
    }
    do {
      switch operation {
      case .replace: try FileSystem.write(bytes, to: path)
      case .append: try FileSystem.open(path, [.write, .create, .append], mode: 0o600).writeAll(bytes)
      }
    } catch { throw .system("writing \(path.description)", error) }
  }
}
