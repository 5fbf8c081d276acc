// Provides the table for people and the file for programs.
import Foundation

/// Prints a row as soon as it is known.
func show(_ row: Row) {
  func number(_ values: [Double]) -> String {
    guard let median = values.median, let least = values.min(), let most = values.max() else { return "-" }
    return "\(short(median)) (\(short(least))…\(short(most)))"
  }
  var line = "\(row.name)  [\(row.unit)]  ours \(number(row.ours))"
  if let peer = row.peer { line += "  \(peer) \(row.theirs.isEmpty ? "not measured" : number(row.theirs))" }
  if !row.floor.isEmpty { line += "  floor \(number(row.floor))" }
  if let ratio = row.ratio { line += "  ratio \(short(ratio))" }
  // Unbuffered: a benchmark takes long, and somebody waits for the next line.
  FileHandle.standardOutput.write(Data((line + "\n").utf8))
}

private func short(_ value: Double) -> String {
  value >= 100 ? String(Int(value.rounded())) : String(format: value >= 10 ? "%.1f" : "%.3g", value)
}

/// `[{"name","unit","ours":[…],"peer","theirs":[…],"floor":[…],"ratio"}]`.
func json(_ rows: [Row]) throws -> Data {
  let objects = rows.map { row -> [String: Any] in
    [
      "name": row.name, "unit": row.unit, "ours": row.ours, "peer": row.peer ?? NSNull(), "theirs": row.theirs,
      "floor": row.floor, "ratio": row.ratio ?? NSNull(),
    ]
  }
  return try JSONSerialization.data(withJSONObject: objects, options: [.prettyPrinted, .sortedKeys])
}
