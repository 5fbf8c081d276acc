// Provides storms: many crashes of every kind, many at once, and their sums.
import CLinuxShims
import LinuxSystem
import MinidumpFormat
import SentryNativeTesting
import ZooRuns

/// Three storms. After each crash there must be one report that says what the program said before it died.
struct Storm {
  struct Sums {
    var crashes = 0
    var reports = 0
    var lost = 0
    var duplicated = 0
    var hung = 0
    var unreadable = 0
    var wrongDeaths = 0

    var isFlawless: Bool {
      lost + duplicated + hung + unreadable + wrongDeaths == 0 && reports == crashes
    }
  }

  /// Stack overflows on threads of Dispatch and tasks included; what ends without a signal is no crash.
  private static let flavors = [
    "null-write", "non-canonical", "jump-null", "ud2", "int3", "divide-by-zero", "bus-truncated-map", "seccomp-sys",
    "misaligned-sse", "stack-overflow", "heap-corruption", "abort", "registers", "fatal-error", "precondition",
    "index-out-of-range", "nil-unwrap", "overflow", "swift-divide-by-zero", "failed-cast", "exclusivity", "raise-abrt",
    "raise-bus", "raise-fpe", "raise-ill", "raise-quit", "raise-segv", "raise-sys", "raise-trap", "raise-xcpu",
    "raise-xfsz",
  ]
  private static let threads = ["main", "pthread", "dispatch", "task"]
  private static let turbulence: [Int?] = [nil, 0, 4, 16, 64, 200]

  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory(prefix: "storm") }

  func end() { directory.remove() }

  // MARK: - Any crash

  /// Crashes one after another: any flavour, on any kind of thread, among any number of threads, while threads start and
  /// end, libraries come and go, and memory is unmapped.
  func anyCrashes(_ count: Int) throws -> Sums {
    var sums = Sums()
    for number in 0..<count {
      guard let flavor = Self.flavors.randomElement(), let thread = Self.threads.randomElement(),
        let handler = TestProducts.handlers.randomElement(), let turbulence = Self.turbulence.randomElement()
      else { break }
      let database = directory.appending("any-\(number)")
      var arguments = [
        "--flavor", flavor, "--thread", thread, "--handler", handler.description, "--database", database.description,
      ]
      if let turbulence { arguments += ["--turbulence", "\(turbulence)"] }
      let story = "\(flavor) on \(thread), turbulence \(turbulence.map { "\($0)" } ?? "none"), \(handler)"
      let program = try RunningProcess(TestProducts.zoo, arguments, environment: ["SWIFT_BACKTRACE": "enable=no"])
      self.count(try settle([program], database, story), into: &sums)
      // Reports would be pruned before all of them are there.
      try? remove(database)
    }
    return sums
  }

  // MARK: - Many programs

  /// So many programs, each with a handler of its own, on one database; all die at the same moment.
  func crowd(_ count: Int) throws -> Sums {
    let database = directory.appending("crowd")
    var programs: [RunningProcess] = []
    var gates: [FilePath] = []
    defer { programs.forEach { $0.end() } }
    for number in 0..<count {
      let gate = directory.appending("gate-\(number)")
      let handler = TestProducts.handlers[number % TestProducts.handlers.count]
      programs.append(
        try RunningProcess(
          TestProducts.zoo,
          [
            "--flavor", Self.flavors[number % Self.flavors.count], "--thread", Self.threads[number / 8 % 4],
            "--handler", handler.description, "--database", database.description, "--gate", gate.description,
          ], environment: ["SWIFT_BACKTRACE": "enable=no"]))
      gates.append(gate)
    }
    try waitUntil("all programs are ready", timeout: .seconds(120)) { gates.allSatisfy { FileSystem.exists($0) } }
    for gate in gates { _ = try FileSystem.open(gate, [.write]) }
    var sums = Sums()
    self.count(try settle(programs, database, "a crowd of \(count)"), into: &sums)
    try? remove(database)
    return sums
  }

  // MARK: - Two threads

  /// Programs in which two threads crash at once: one report for each program.
  func pairs(_ count: Int) throws -> Sums {
    var sums = Sums()
    for number in 0..<count {
      let database = directory.appending("pair-\(number)")
      let handler = TestProducts.handlers[number % TestProducts.handlers.count]
      let program = try RunningProcess(
        TestProducts.folder.appending("CrashVictim"),
        ["handler=\(handler)", "database=\(database)", "start", "at-once=2"],
        environment: ["SWIFT_BACKTRACE": "enable=no"])
      self.count(try settle([program], database, "two threads, \(handler)", signal: SIGSEGV), into: &sums)
      try? remove(database)
    }
    return sums
  }

  // MARK: - Sums

  /// Waits until everything has ended, and compares the reports with what the programs said.
  private func settle(
    _ programs: [RunningProcess], _ database: FilePath, _ story: String, signal: Int32? = nil
  ) throws -> Sums {
    var sums = Sums()
    sums.crashes = programs.count
    var expected: [Int32: (thread: Int32?, signal: Int32)] = [:]
    for program in programs {
      let termination = try? program.wait(timeout: .seconds(90))
      let facts = try? CrashFacts(output: program.output)
      let wanted = signal ?? facts?.signal ?? 0
      if termination == nil { sums.hung += 1 }
      if let termination, termination.signal != wanted {
        sums.wrongDeaths += 1
        print("\(story): \(termination) instead of signal \(wanted); \(program.errorOutput)")
      }
      expected[program.processID] = (signal == nil ? facts?.thread : nil, wanted)
    }
    for program in programs {
      do {
        try waitUntil("the handler ends", timeout: .seconds(120)) { program.livingFamily().isEmpty }
      } catch {
        sums.hung += 1
        print("\(story): a handler does not end; \(program.errorOutput)")
      }
      program.end()
    }
    var seen: [Int32: Int] = [:]
    for dump in reports(database) {
      sums.reports += 1
      guard let (process, thread, code) = read(dump) else {
        sums.unreadable += 1
        print("\(story): \(dump.lastComponent) cannot be read")
        continue
      }
      seen[process, default: 0] += 1
      guard let wanted = expected[process] else { continue }
      if wanted.signal != code || (wanted.thread ?? thread) != thread {
        sums.unreadable += 1
        print("\(story): the report says signal \(code) on \(thread), not \(wanted)")
      }
    }
    for process in expected.keys where seen[process] == nil {
      sums.lost += 1
      let errors = programs.first { $0.processID == process }?.errorOutput ?? ""
      print("\(story): no report of \(process); \(errors)")
    }
    sums.duplicated = seen.values.reduce(0) { $0 + max(0, $1 - 1) } + seen.keys.count { expected[$0] == nil }
    return sums
  }

  private func reports(_ database: FilePath) -> [FilePath] {
    ["new", "pending", "completed"].flatMap { state -> [FilePath] in
      let folder = database.appending(state)
      return ((try? FileSystem.entries(of: folder)) ?? []).filter { $0.suffix(4).elementsEqual(".dmp".utf8) }
        .map { folder.appending(bytes: $0) }
    }
  }

  /// Whose crash a dump is of: process, thread, signal; `nil` when it lacks anything that a report must have.
  private func read(_ dump: FilePath) -> (process: Int32, thread: Int32, signal: Int32)? {
    guard let bytes = try? FileSystem.read(dump) else { return nil }
    return bytes.withUnsafeBytes { buffer in
      guard let reader = try? MinidumpReader(MinidumpBytes(unowned: buffer)), let exception = reader.exception,
        let process = reader.miscInfo?.processID, reader.modules?.isEmpty == false,
        let thread = reader.threads?.first(where: { $0.id == exception.threadID }), (thread.stack?.size ?? 0) > 0
      else { return nil }
      return (
        Int32(bitPattern: process), Int32(bitPattern: exception.threadID), Int32(bitPattern: exception.code)
      )
    }
  }

  private func count(_ more: Sums, into sums: inout Sums) {
    sums.crashes += more.crashes
    sums.reports += more.reports
    sums.lost += more.lost
    sums.duplicated += more.duplicated
    sums.hung += more.hung
    sums.unreadable += more.unreadable
    sums.wrongDeaths += more.wrongDeaths
  }

  private func remove(_ folder: FilePath) throws {
    let result = try RunningProcess.run("/bin/rm", ["-rf", folder.description])
    if !result.succeeded { print("\(folder) cannot be removed: \(result.errorOutput)") }
  }
}

extension Storm.Sums {
  /// One line of the table.
  func row(_ name: String) -> String {
    func cell(_ number: Int) -> String { String(repeating: " ", count: max(0, 11 - "\(number)".count)) + "\(number)" }
    return name + String(repeating: " ", count: max(1, 26 - name.count))
      + [crashes, reports, lost, duplicated, hung, unreadable, wrongDeaths].map(cell).joined()
  }

  static let header =
    "                              crashes    reports       lost duplicated       hung unreadable wrong ends"
}
