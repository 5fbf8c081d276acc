// The parent: starts the children, waits for them, and finds each one's report.

import CrashDatabase
import Foundation
import LinuxSystem
import MinidumpFormat

struct Parent {
  private let arguments: Arguments

  init(_ arguments: Arguments) { self.arguments = arguments }

  /// Whether every child crashed and left exactly one report.
  func run() -> Bool {
    do {
      let children = try (0..<arguments.children).map { try start($0) }
      let endings = try children.map { try $0.wait() }
      let databases = Set((0..<arguments.children).map { database(of: $0) })
      let reports = try databases.sorted().flatMap { try Self.reports(in: $0) }
      return printTable(children.map(\.processID), endings, reports)
    } catch {
      print("error: \(error)")
      return false
    }
  }

  private func database(of child: Int) -> String {
    arguments.isShared ? arguments.folder : "\(arguments.folder)/child-\(child)"
  }

  private func start(_ number: Int) throws -> ChildProcess {
    let program = try FileSystem.executable()
    let folder = database(of: number)
    try FileSystem.createDirectories(FilePath(folder))
    var words = ["MultiProcess", "--child", String(number), "--folder", folder]
    if let handler = arguments.handler { words += ["--handler", handler] }
    // Swift's own backtracer would print pages; its setting is per process.
    let environment = EnvironmentVariable.all() + [FilePath("SWIFT_BACKTRACE=enable=no")]
    return try ChildProcess.spawn(
      program, arguments: words.map { FilePath($0) }, environment: environment, error: .null)
  }

  /// A report, and the process that its dump says it is of.
  private struct FoundReport {
    let id: UniqueID
    let process: UInt32
    let bytes: Int64
  }

  private static func reports(in folder: String) throws -> [FoundReport] {
    let database = try CrashDatabase(path: FilePath(folder), create: false)
    return try (database.pendingReports() + database.completedReports()).map { report in
      let reader = try MinidumpReader(MinidumpBytes(copying: FileSystem.read(report.path)))
      return FoundReport(
        id: report.id, process: reader.miscInfo?.processID ?? 0, bytes: report.totalSize)
    }
  }

  private func printTable(_ processes: [Int32], _ endings: [ProcessTermination], _ reports: [FoundReport]) -> Bool {
    var isComplete = true
    print("child  process  ended by   report                                 bytes")
    for (number, (process, ending)) in zip(processes, endings).enumerated() {
      let own = reports.filter { $0.process == UInt32(bitPattern: process) }
      var end = "exit"
      if case .signaled(let signal, _) = ending { end = "signal \(signal)" } else { isComplete = false }
      let report = own.first.map { "\($0.id)  \($0.bytes)" } ?? "none"
      if own.count != 1 { isComplete = false }
      let columns = [(String(number), 7), (String(process), 9), (end, 11)]
      print(columns.map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }.joined() + report)
    }
    let known = Set(processes.map { UInt32(bitPattern: $0) })
    let strangers = reports.filter { !known.contains($0.process) }.count
    print("\(processes.count) children, \(reports.count) reports, \(strangers) of nobody's")
    return isComplete && strangers == 0 && reports.count == processes.count
  }
}
