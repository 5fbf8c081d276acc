// Provides the table that the fault matrix prints.
import ZooRuns

/// Outcomes by system call and error.
struct OutcomeTable {
  private struct Row: Hashable {
    let call: String
    let error: String
  }

  private var counts: [Row: [String: Int]] = [:]
  private(set) var problems: [String] = []

  mutating func add(_ cell: FaultCell, _ outcome: FaultOutcome) {
    let word =
      switch outcome {
      case .delivered: "delivered"
      case .stored: "stored"
      case .counted: "counted"
      case .lost: "LOST"
      case .wrongDeath: "WRONG DEATH"
      }
    counts[Row(call: cell.call.name, error: cell.error), default: [:]][word, default: 0] += 1
    if !outcome.isGood { problems.append("\(cell.description): \(outcome)") }
  }

  /// One line for each system call and error, then what went wrong.
  var text: String {
    let columns = ["delivered", "stored", "counted", "LOST", "WRONG DEATH"]
    func padded(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(1, width - text.count))
    }
    var lines = [padded("system call", 20) + padded("error", 14) + columns.map { padded($0, 12) }.joined()]
    for (row, outcomes) in counts.sorted(by: { ($0.key.call, $0.key.error) < ($1.key.call, $1.key.error) }) {
      lines.append(
        padded(row.call, 20) + padded(row.error, 14)
          + columns.map { padded(outcomes[$0].map(String.init) ?? "-", 12) }.joined())
    }
    lines += problems.map { "error: \($0)" }
    return lines.joined(separator: "\n")
  }
}
