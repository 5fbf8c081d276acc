// Provides a process that is within reach of a capture, by the best way that there is.
internal import CLinuxShims
internal import LinuxSystem
public import ProcessMemory

/// A process that can be captured, however little of it the kernel lets this process see.
///
/// The ladder, best first. Threads: ptrace; a broker that the client forks; none, and the process goes on meanwhile. Memory
/// and files: this process's own calls (process_vm_readv, `/proc/PID/mem`, ptrace), the broker's, the client's own. Each rung
/// that failed is a soft error of the snapshot, and the one that was used stands in it.
///
/// Not thread safe: made, used and destroyed on one OS thread. The process goes on when the value's life ends.
public struct ReachedProcess: ~Copyable {
  /// As the process sees itself where this pid namespace does not show it.
  public let processID: Int32
  public let threadAccess: ThreadAccess
  public let memory: MemoryAccess
  /// Memory by way of what the capture has read already, where that cannot have changed since.
  public let reader: any MemoryReader
  private let stopped: StoppedProcess?
  private let broker: ProcessBroker?
  private let source: CaptureSource

  /// - Parameters:
  ///   - process: its number here; 0 for one that this pid namespace does not show.
  ///   - helper: what the client does for it, where it does something.
  ///   - known: modules of an earlier capture of the process, for one with the same bounds.
  ///   - ahead: the bounds of the capture, where modules are to be looked for before the process is stopped: it stands
  ///     still for less long, and all of it takes longer. For one that goes on afterwards, and without known modules.
  /// - Throws: why nothing can be seen of it; the rungs that failed are in the message.
  public static func reach(
    _ process: Int32, helper: (any ClientHelper)?, known: KnownModules? = nil, ahead: CaptureLimits? = nil
  ) throws(ProcessSnapshotError) -> ReachedProcess {
    var ladder = Ladder(process: process, helper: helper, known: known, ahead: ahead)
    if process > 0 {
      do throws(ProcessSnapshotError) {
        return ReachedProcess(try ladder.stop())
      } catch {
        if error.code == .noSuchProcess || error.code == .ownProcess { throw error }
        ladder.refused("threads", "ptrace is refused: \(error.message)")
        if let reached = ladder.help() { return ReachedProcess(reached) }
        throw ProcessSnapshotError(
          error.code, processID: process, underlying: error.underlying, error.message + ladder.failures)
      }
    }
    ladder.refused("threads", "the process is in another pid namespace, which this one does not show")
    if let reached = ladder.help() { return ReachedProcess(reached) }
    throw ProcessSnapshotError(
      .noSuchProcess, processID: process,
      "it is in a pid namespace that this one does not show; start the handler where it can see it" + ladder.failures)
  }

  private init(_ way: consuming Ladder.Way) {
    processID = way.source.files.process
    threadAccess = way.access
    memory = way.source.memory
    reader = way.access == .none ? way.source.memory.reader : way.source.cache
    source = way.source
    broker = way.broker
    stopped = way.stopped.take()
  }

  deinit { broker?.end() }

  /// Captures the process. Never fails: what cannot be read is missing, with a line in `softErrors`.
  public func capture(
    request: ExceptionRequest? = nil, limits: CaptureLimits = CaptureLimits(), system: SystemFacts? = nil
  ) -> ProcessSnapshot {
    var snapshot = ProcessSnapshot.capture(source, request: request, limits: limits, system: system)
    snapshot.threadAccess = threadAccess
    return snapshot
  }

  /// Lets the process go on. The same happens when the value goes away.
  public consuming func detach() {}
}

/// The rungs, tried one after the other.
private struct Ladder {
  /// A rung that holds.
  struct Way: ~Copyable {
    let access: ThreadAccess
    let source: CaptureSource
    var stopped: StoppedProcess?
    /// To be told when it is over.
    var broker: ProcessBroker?
  }

  let process: Int32
  let helper: (any ClientHelper)?
  private let known: KnownModules?
  private let ahead: CaptureLimits?
  private(set) var errors: [SoftError] = []
  private var refusals: [(strategy: MemoryStrategy, reason: Errno)] = []

  init(process: Int32, helper: (any ClientHelper)?, known: KnownModules?, ahead: CaptureLimits?) {
    self.process = process
    self.helper = helper
    self.known = known
    self.ahead = ahead
  }

  /// The rungs that failed, for a message.
  var failures: String { errors.dropFirst().map { "; \($0.message)" }.joined() }

  mutating func refused(_ part: String, _ message: String) { errors.append(SoftError(part, message)) }

  // MARK: ptrace

  mutating func stop() throws(ProcessSnapshotError) -> Way {
    var files = ProcessFiles(process: process, representative: process)
    var threads: [Int32] = []
    let isReadable = ProcessFiles.areReadable(process)
    // A stopped process can answer nothing: what /proc does not tell here is asked for before.
    if !isReadable, let helper {
      refused("files", "/proc/\(process) cannot be read here; the client has told what it sees")
      do throws(Errno) {
        let server = try helper.serveMemory()
        threads = files.fetch(from: server)
        server.end()
      } catch {
        refused("files", "the client does not tell: \(error)")
      }
    }
    files.readEarly()
    let status = isReadable ? try? files.read("status", limit: 1 << 20) : nil
    let modules = known ?? (isReadable ? ahead.flatMap { KnownModules(of: files, limits: $0) } : nil)
    let stopped = try StoppedProcess.stop(process, known: threads, status: status)
    files.representative = stopped.representative
    let memory = MemoryAccess.open(process: stopped.processID, thread: stopped.representative)
    let source = CaptureSource(
      threads: stopped.threadIDs, files: files, memory: memory, registers: .ptrace,
      softErrors: errors + stopped.softErrors + memory.refusalErrors, known: modules)
    return Way(access: .ptrace, source: source, stopped: consume stopped)
  }

  // MARK: The client's help

  mutating func help() -> Way? {
    let number = process > 0 ? process : ownNumber()
    if let number, let broker = forkBroker(number) {
      if let way = traced(by: broker, number) { return way }
      broker.end()
    }
    let direct = process > 0 ? MemoryAccess.openUnstopped(process: process, refusals: &refusals) : nil
    if let direct, ProcessFiles.areReadable(process) {
      return running(process, direct, ProcessFiles(process: process, representative: process))
    }
    guard let number, let server = serve() else { return nil }
    let files = ProcessFiles(process: number, representative: number, isVisible: process > 0, broker: server)
    let memory =
      direct ?? MemoryAccess(reader: BrokerMemoryReader(server), strategy: .client, refusals: refusals)
    return running(number, memory, files, server)
  }

  /// The process's number in its own pid namespace, by its own word.
  private mutating func ownNumber() -> Int32? {
    guard let server = serve() else { return nil }
    defer { server.end() }
    var scanner = TextScanner((try? server.file("/proc/self/stat", limit: 65536)) ?? [])
    guard let number = scanner.number() else {
      refused("files", "the client does not know its own number: it sees no /proc")
      return nil
    }
    return Int32(exactly: number)
  }

  private mutating func serve() -> ProcessBroker? {
    guard let helper else { return nil }
    do throws(Errno) {
      return try helper.serveMemory()
    } catch {
      refused("memory", "the client does not tell what is in its memory: \(error)")
      return nil
    }
  }

  private mutating func forkBroker(_ number: Int32) -> ProcessBroker? {
    guard let helper else { return nil }
    do throws(Errno) {
      return try helper.forkBroker(for: number)
    } catch {
      refused("threads", "the client forks no broker: \(error)")
      return nil
    }
  }

  private mutating func traced(by broker: ProcessBroker, _ number: Int32) -> Way? {
    if let error = broker.attach(number) {
      refused("threads", "the broker may not trace the client: \(error)")
      return nil
    }
    let files = ProcessFiles(process: number, representative: number, isVisible: process > 0, broker: broker)
    var threads = [number]
    do throws(Errno) {
      for thread in try files.threads() where thread != number {
        if let error = broker.attach(thread) {
          if error != .noSuchProcess { refused("threads", "the broker cannot stop thread \(thread): \(error)") }
        } else {
          threads.append(thread)
        }
      }
    } catch {
      refused("threads", "only the main thread is known: \(error)")
    }
    let direct = process > 0 ? MemoryAccess.openUnstopped(process: process, refusals: &refusals) : nil
    let memory =
      direct ?? MemoryAccess(reader: BrokerMemoryReader(broker), strategy: .broker, refusals: refusals)
    let source = CaptureSource(
      threads: threads, files: files, memory: memory, registers: .broker(broker),
      softErrors: errors + memory.refusalErrors)
    return Way(access: .broker, source: source, broker: broker)
  }

  private mutating func running(
    _ number: Int32, _ memory: MemoryAccess, _ files: ProcessFiles, _ server: ProcessBroker? = nil
  ) -> Way {
    refused("threads", "the threads were not stopped, and their registers are those that /proc tells")
    let threads = (try? files.threads()) ?? [number]
    let source = CaptureSource(
      threads: threads.filter { $0 == number } + threads.filter { $0 != number }, files: files, memory: memory,
      registers: .systemCalls(files), softErrors: errors + memory.refusalErrors)
    return Way(access: .none, source: source, broker: server)
  }
}

extension MemoryAccess {
  /// The refusals as lines of a report.
  var refusalErrors: [SoftError] {
    refusals.map { SoftError("memory", "\($0.strategy) is refused: \($0.reason)") }
  }
}
