// Provides the fuzz target of what comes through the client's socket and of the records that packets point at.
import CrashProtocol

let clientPackets = FuzzTarget(
  name: "client-packets",
  seeds: {
    let dump = CrashDumpRequest(stackAddress: 0x7ffd_0000_1000, exceptionInformationAddress: 0x5555_5555_0000)
    let messages: [(String, ClientMessage)] = [
      ("credentials", .checkCredentials), ("dump", .crashDumpRequest(dump)),
      ("add", .addAttachment(path: Array("/tmp/a.log".utf8))),
      ("remove", .removeAttachment(path: Array("/tmp/a.log".utf8))), ("retry", .requestRetry),
      ("write", .writeAttachment(AttachmentWrite(.append, path: Array("/tmp/b".utf8), payload: [1, 2, 3]))),
    ]
    var seeds: [(name: String, bytes: [UInt8])] = []
    for (name, message) in messages {
      for dialect in [Dialect.chromium, .sentry, .android] {
        if let bytes = try? message.encoded(in: dialect) { seeds.append(("\(name)-\(dialect)", bytes)) }
      }
    }
    seeds.append(("answer", ServerMessage.ourCredentials.encoded))
    var record = [UInt8](repeating: 0, count: 128)
    record.put(UInt32(128), at: 20)
    record.put(UInt64(0x7372_4374_6669_7753), at: 24)
    seeds.append(("record", record))
    return seeds
  },
  body: { bytes in
    if let (message, dialect) = try? ClientMessage.decode(bytes) {
      // What was understood can be said again, and means the same.
      if let again = try? message.encoded(in: dialect) {
        let decoded = again.withUnsafeBytes { try? ClientMessage.decode($0) }
        precondition(decoded?.message == message, "a message changed by being encoded and decoded")
      }
    }
    use(ServerMessage(bytes))
    use(ExceptionInformation(bytes))
    use(CrashRecordExtension(record: bytes))
  })
