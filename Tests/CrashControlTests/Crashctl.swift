// Provides crashctl as a user calls it.
import Foundation
import LinuxSystem
import SentryNativeTesting

/// Runs the real program.
func crashctl(_ arguments: [String], environment: [String: String?] = [:]) throws -> RunningProcess.Result {
  try RunningProcess.run(
    try productsDirectory().appending("crashctl"), arguments,
    environment: ["SENTRY_DSN": nil].merging(environment) { $1 })
}

extension RunningProcess.Result {
  /// Standard output as a JSON array of objects.
  func objects() throws -> [[String: Any]] {
    try JSONSerialization.jsonObject(with: Data(outputBytes)) as? [[String: Any]] ?? []
  }

  /// Standard output as a JSON object.
  func object() throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: Data(outputBytes)) as? [String: Any] ?? [:]
  }
}
