// Provides what a call of the SDK costs its caller.
import Foundation

/// Runs `sdk-bench`, which prints a line for each call, with one thread and with eight.
func sdk(_ settings: Settings, _ emit: (Row) -> Void) throws {
  guard let handler = settings.handlers.last else { throw Failure("the benchmark needs a handler") }
  let program = (CommandLine.arguments[0] as NSString).deletingLastPathComponent + "/sdk-bench"
  for threads in [1, 8] {
    var rows: [(name: String, time: Row, allocations: Row)] = []
    for _ in 0..<settings.runs {
      let folder = try settings.folder("sdk")
      for line in try output(of: program, [handler.path, folder, "\(threads)"]).split(separator: "\n") {
        let words = line.split(separator: " ")
        guard words.count == 3, let time = Double(words[1]), let allocations = Double(words[2]) else {
          throw Failure("sdk-bench said: \(line)")
        }
        let name = "sdk/\(words[0])/threads-\(threads)"
        if !rows.contains(where: { $0.name == name }) {
          rows.append((name, Row(name: name, unit: "ns"), Row(name: "\(name)/allocations", unit: "")))
        }
        guard let index = rows.firstIndex(where: { $0.name == name }) else { continue }
        rows[index].time.ours.append(time)
        rows[index].allocations.ours.append(allocations)
      }
    }
    for row in rows {
      emit(row.time)
      emit(row.allocations)
    }
  }
}
