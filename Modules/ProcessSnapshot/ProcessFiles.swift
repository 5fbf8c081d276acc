// Provides the files of /proc that describe one process, wherever they can be had.
internal import LinuxSystem
internal import ProcessMemory

/// The files of one process: out of this process's own /proc, else by way of a broker, else out of what was fetched before
/// the process was stopped.
struct ProcessFiles {
  let process: Int32
  /// A living thread, whose files stand for the process's.
  var representative: Int32
  /// Whether the numbers mean this process here too: not for one that this pid namespace does not show.
  let isVisible: Bool
  private let broker: ProcessBroker?
  private var fetched: [(name: String, bytes: [UInt8])] = []
  /// Files of the process's first thread that were read before it was stopped.
  private var early: [(name: String, bytes: [UInt8])] = []

  init(process: Int32, representative: Int32, isVisible: Bool = true, broker: ProcessBroker? = nil) {
    self.process = process
    self.representative = representative
    self.isVisible = isVisible
    self.broker = broker
  }

  func path(_ name: String) -> FilePath { FilePath("/proc/\(process)/\(name)") }

  /// Reads what a stop does not change, or should not, so that the process stands still for less long.
  mutating func readEarly() {
    for name in ["auxv", "cmdline", "limits", "status"] {
      if let bytes = try? read(name, limit: 1 << 20), !bytes.isEmpty { early.append((name, bytes)) }
    }
  }

  /// A file of the process, by way of its representative.
  func read(_ name: String, limit: Int) throws(Errno) -> [UInt8] {
    // A first thread that has ended tells little of the others.
    if representative == process, let known = early.first(where: { $0.name == name }), known.bytes.count <= limit {
      return known.bytes
    }
    return try readFile("task/\(representative)/\(name)", or: name, limit: limit)
  }

  /// A file of one thread.
  func read(_ name: String, thread: Int32, limit: Int) throws(Errno) -> [UInt8] {
    try readFile("task/\(thread)/\(name)", or: nil, limit: limit)
  }

  /// A file of the process as a whole, not of its representative.
  func readWhole(_ name: String, limit: Int) throws(Errno) -> [UInt8] {
    try readFile(name, or: nil, limit: limit)
  }

  /// All threads, in the kernel's order.
  func threads() throws(Errno) -> [Int32] {
    var failure = Errno.noSuchProcess
    if isVisible {
      do throws(Errno) { return try ProcFile.threads(of: process) } catch { failure = error }
    }
    guard let broker else { throw failure }
    return try broker.entries(of: path("task")).compactMap { name in
      var scanner = TextScanner(name)
      guard let number = scanner.number(), scanner.isAtEnd else { return nil }
      return Int32(exactly: number)
    }
  }

  private func readFile(_ name: String, or other: String?, limit: Int) throws(Errno) -> [UInt8] {
    var failure = Errno.noSuchFile
    if isVisible {
      do throws(Errno) {
        return try FileSystem.read(path(name), limit: limit, endsShort: ProcFile.endsShort(name))
      } catch {
        failure = error
      }
    }
    if let known = fetched.first(where: { $0.name == name || $0.name == other }) { return known.bytes }
    guard let broker, !broker.isBroken else { throw failure }
    return try broker.file(path(name), limit: limit)
  }

  /// Whether this process's own /proc tells what the process has mapped.
  static func areReadable(_ process: Int32) -> Bool {
    (try? FileSystem.open(FilePath("/proc/\(process)/maps"))) != nil
      && FileSystem.exists(FilePath("/proc/\(process)/task"))
  }

  /// Fetches through the process itself what is needed later, when it is stopped and can answer nothing.
  mutating func fetch(from broker: ProcessBroker) -> [Int32] {
    func keep(_ name: String, _ files: inout ProcessFiles) {
      if let bytes = try? broker.file(FilePath("/proc/self/\(name)"), limit: 16 << 20) {
        files.fetched.append((name, bytes))
      }
    }
    for name in ["maps", "auxv", "status", "stat", "cmdline", "limits"] { keep(name, &self) }
    let threads = ((try? broker.entries(of: "/proc/self/task")) ?? []).compactMap { name in
      Int32(String(decoding: name, as: UTF8.self))
    }
    for thread in threads.prefix(256) { keep("task/\(thread)/comm", &self) }
    return threads
  }
}
