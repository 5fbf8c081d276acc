// Provides the conversation with a process that may look at another one: Crashpad's broker, or our own client itself.
internal import CLinuxShims
public import LinuxSystem

/// Asks a broker for what this process may not see. The broker was made by a process that has just crashed: what it says
/// is as hostile as memory. One wrong answer ends the conversation, and every later question fails.
///
/// Source: docs/formats/handler-protocol.md. Not thread safe.
public final class ProcessBroker {
  /// Registers of a stopped thread, as `PTRACE_GETREGSET` gives them.
  public struct ThreadRegisters: Hashable, Sendable {
    /// NT_PRSTATUS.
    public let general: [UInt8]
    /// NT_PRFPREG.
    public let floatingPoint: [UInt8]
    /// Where thread-local storage is.
    public let threadPointer: UInt64
  }

  private let socket: Int32
  private let deadline: MonotonicInstant
  /// The process that is looked at, in the broker's pid namespace; 0: the one that answers.
  public let processID: Int32
  /// Whether an answer made no sense, or none came in time.
  public private(set) var isBroken = false
  private var isEnded = false

  /// - Parameters:
  ///   - socket: of packets; it must live as long as this object.
  ///   - deadline: the end of the conversation, whatever has been said by then.
  public init(socket: Int32, processID: Int32, deadline: MonotonicInstant) {
    self.socket = socket
    self.processID = processID
    self.deadline = deadline
  }

  // MARK: - Threads

  /// Has the broker stop a thread. `nil`, or why not.
  public func attach(_ thread: Int32) -> Errno? {
    guard ask(BROKER_ATTACH, thread: thread), let success = byte() else { return .timedOut }
    return success != 0 ? nil : error()
  }

  /// Whether the process runs code of 64 bits; `nil` without an answer.
  public func is64Bit() -> Bool? { ask(BROKER_IS_64_BIT) ? byte().map { $0 != 0 } : nil }

  /// A stopped thread's registers.
  public func registers(of thread: Int32) throws(Errno) -> ThreadRegisters {
    guard ask(BROKER_THREAD_INFO, thread: thread), let bytes = receive(upTo: Int(BROKER_PADDED_THREAD_INFO_SIZE)) else {
      throw .timedOut
    }
    guard bytes.count == Int(BROKER_PADDED_THREAD_INFO_SIZE) || bytes.count == Int(BROKER_THREAD_INFO_SIZE) else {
      isBroken = true
      throw .inputOutput
    }
    guard bytes[bytes.count - 1] != 0 else { throw error() }
    let floats = Int(BROKER_REGISTERS_SIZE)
    return ThreadRegisters(
      general: Array(bytes[..<floats]), floatingPoint: Array(bytes[floats..<(floats + Int(BROKER_FLOATS_SIZE))]),
      threadPointer: bytes.littleEndian(at: bytes.count - 9) ?? 0)
  }

  // MARK: - Files

  /// A file under `/proc/PID/`.
  public func file(_ path: FilePath, limit: Int) throws(Errno) -> [UInt8] {
    try open(BROKER_READ_FILE, path)
    return try chunks(limit: limit)
  }

  /// The names in a directory under `/proc/PID/`, without `.` and `..`.
  public func entries(of path: FilePath) throws(Errno) -> [[UInt8]] {
    try open(BROKER_LIST_DIRECTORY, path)
    return Self.names(in: try chunks(limit: 4 << 20))
  }

  /// Names out of records of `getdents64(2)`: {u64 inode, i64 offset, u16 size, u8 type, name}. A damaged record is the
  /// last one.
  package static func names(in records: [UInt8]) -> [[UInt8]] {
    var names: [[UInt8]] = []
    var position = 0
    while let size: UInt16 = records.littleEndian(at: position + 16), size > 19, position + Int(size) <= records.count {
      let field = records[(position + 19)..<(position + Int(size))]
      guard let end = field.firstIndex(of: 0) else { break }
      let name = Array(field[..<end])
      if name != [0x2e], name != [0x2e, 0x2e] { names.append(name) }
      position += Int(size)
    }
    return names
  }

  private func open(_ type: Int32, _ path: FilePath) throws(Errno) {
    guard !path.bytes.isEmpty, path.bytes.count < Int(BROKER_PATH) else { throw .nameTooLong }
    guard ask(type, base: UInt64(path.bytes.count)), send(path.bytes), let result: Int32 = integer() else {
      throw .timedOut
    }
    if result == 0 { return }
    throw result == BROKER_ACCESS_DENIED ? .permissionDenied : Errno(rawValue: result > 0 ? result : 36)
  }

  // MARK: - Memory

  /// Reads until `buffer` is full or a byte cannot be read. Bytes read.
  public func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    guard !buffer.isEmpty, ask(BROKER_READ_MEMORY, thread: processID, base: address, size: UInt64(buffer.count)) else {
      return 0
    }
    var done = 0
    while done < buffer.count {
      guard let count: Int32 = integer() else { return done }
      if count == 0 { break }
      if count < 0 {
        _ = error()
        break
      }
      guard count <= BROKER_CHUNK, Int(count) <= buffer.count - done else {
        isBroken = true
        break
      }
      let part = UnsafeMutableRawBufferPointer(rebasing: buffer[done..<(done + Int(count))])
      guard receive(into: part) else { break }
      done += Int(count)
    }
    return done
  }

  /// Lets everything go. The other side goes on with its own conversation afterwards.
  public func end() {
    if isEnded { return }
    isEnded = true
    // Also after a wrong answer: the other side may still listen, and must not take the next message for a question.
    isBroken = false
    _ = ask(BROKER_EXIT)
    isBroken = true
  }

  // MARK: - Packets

  private func ask(_ type: Int32, thread: Int32 = 0, base: UInt64 = 0, size: UInt64 = 0) -> Bool {
    if isBroken { return false }
    let request = broker_request(
      version: UInt16(BROKER_VERSION), type: UInt16(truncatingIfNeeded: type), thread: thread, base: base, size: size)
    return send(withUnsafeBytes(of: request) { Array($0) })
  }

  private func send(_ bytes: [UInt8]) -> Bool {
    let number = socket
    while !isBroken {
      let sent = bytes.withUnsafeBytes {
        CLinuxShims.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
      }
      if sent == bytes.count { return true }
      let failure = Errno.current
      if failure == .interrupted { continue }
      if failure != .wouldBlock || !wait(Int16(POLLOUT)) { isBroken = true }
    }
    return false
  }

  private func wait(_ events: Int16) -> Bool {
    var request = pollfd(fd: socket, events: events, revents: 0)
    while true {
      let count = poll(&request, 1, deadline.millisecondsFromNow())
      if count > 0 { return request.revents & events != 0 }
      if count == 0 || Errno.current != .interrupted { return false }
    }
  }

  /// One packet of at most the buffer's size; 0 when the conversation is over.
  private func receivePacket(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    while !isBroken {
      guard wait(Int16(POLLIN)) else { break }
      // MSG_TRUNC: the packet's own size, so that a longer one is told from a right one.
      let count = recv(socket, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT | MSG_TRUNC))
      if count > 0, count <= buffer.count { return count }
      if count < 0, Errno.current == .interrupted || Errno.current == .wouldBlock { continue }
      break
    }
    isBroken = true
    return 0
  }

  /// One packet of exactly the buffer's size.
  private func receive(into buffer: UnsafeMutableRawBufferPointer) -> Bool {
    let count = receivePacket(into: buffer)
    if count != buffer.count { isBroken = true }
    return count == buffer.count
  }

  private func receive(upTo count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    let received = bytes.withUnsafeMutableBytes { receivePacket(into: $0) }
    return received > 0 ? Array(bytes.prefix(received)) : nil
  }

  private func receive(exactly count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    return bytes.withUnsafeMutableBytes { receive(into: $0) } ? bytes : nil
  }

  private func byte() -> UInt8? { receive(exactly: 1)?.first }
  private func integer() -> Int32? { receive(exactly: 4)?.littleEndian(at: 0) }
  private func error() -> Errno {
    guard let value = integer() else { return .timedOut }
    return Errno(rawValue: value > 0 ? value : 1)
  }

  private func chunks(limit: Int) throws(Errno) -> [UInt8] {
    var bytes: [UInt8] = []
    while let count = integer() {
      if count == 0 { return bytes }
      if count < 0 { throw error() }
      // What is more than that has no end, perhaps; nobody listens to it.
      guard count <= BROKER_CHUNK, bytes.count + Int(count) <= limit, let part = receive(exactly: Int(count)) else {
        isBroken = true
        throw .fileTooLarge
      }
      bytes += part
    }
    throw .timedOut
  }
}

/// Memory by way of a broker.
public final class BrokerMemoryReader: MemoryReader {
  private let broker: ProcessBroker

  /// Reads through a broker, which must live as long.
  public init(_ broker: ProcessBroker) { self.broker = broker }

  public func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    broker.read(at: address, into: buffer)
  }
}
