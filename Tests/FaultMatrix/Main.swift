// Provides the fault matrix: every system call of a handler at work fails once in each of its ways.
import CLinuxShims
import LinuxSystem
import ZooRuns

/// `FaultMatrix HANDLER [--every N | --inject INJECTION]`: prints the table, and exits with 1 when an application did not
/// end with its own signal, or a report vanished without a word. With `--every N` only each Nth cell of the table is
/// run, of the system calls that fail and of the transfers that are short; with `--inject` one run with what strace's option takes, and all that is known of it.
@main
struct Main {
  static func main() throws {
    let words = Array(CommandLine.arguments.dropFirst())
    guard let handler = words.first.map({ FilePath($0) }), FileSystem.isExecutable(handler) else {
      print("Usage: FaultMatrix HANDLER [--every N | --inject INJECTION]")
      exit(2)
    }
    if let injection = words.firstIndex(of: "--inject").flatMap({ words.dropFirst($0 + 1).first }) {
      let run = try FaultRun(handler: handler, injection: injection)
      print("\(run.log)\n\(run.messages)\n\(run.outcome)")
      exit(run.outcome.isGood ? 0 : 1)
    }
    let stride = words.firstIndex(of: "--every").flatMap { words.dropFirst($0 + 1).first }.flatMap { Int($0) } ?? 1
    let reference = try FaultRun(handler: handler, injection: nil)
    guard reference.outcome == .delivered else {
      print("error: without any fault the report was \(reference.outcome): \(reference.messages)")
      exit(1)
    }
    let cells = SystemCallLog.calls(in: reference.log).flatMap { call in
      (FaultTable.errors[call.name] ?? []).map { FaultCell(call: call, error: $0) }
    }
    if cells.isEmpty {
      print("error: no system call was seen: \(reference.log.utf8.count) bytes of a log")
      exit(1)
    }
    let chosen = cells.enumerated().filter { $0.offset % max(1, stride) == 0 }.map { $0.element }
    print("\(chosen.count) of \(cells.count) cells")
    var table = OutcomeTable()
    for cell in chosen { table.add(cell, try cell.run(handler: handler)) }
    let transfers = try ShortTransfers()
    let short = try transfers.calls(handler: handler)
    let some = short.enumerated().filter { $0.offset % max(1, stride) == 0 }.map { $0.element }
    print("\(some.count) of \(short.count) short transfers")
    for call in some { table.add(FaultCell(call: call, error: "short"), try transfers.run(call, handler: handler)) }
    transfers.end()
    print(table.text)
    exit(table.problems.isEmpty ? 0 : 1)
  }
}
