// A program with a Swift runtime, Foundation and tasks of its own, which uses the library as C programs do.
import Foundation

struct Order: Codable {
  var name: String
  var count: Int
}

/// Dynamic casts, JSON and reference counting of this program's runtime.
func capture(_ number: Int) async -> Bool {
  let order: Any = Order(name: "order \(number)", count: number)
  let encoder = JSONEncoder()
  encoder.outputFormatting = .sortedKeys
  guard let known = order as? any Codable, let text = try? encoder.encode(known) else { return false }
  sentry_set_tag("order", String(decoding: text, as: UTF8.self))
  sentry_capture_event(sentry_value_new_message_event(SENTRY_LEVEL_INFO, "host", String(decoding: text, as: UTF8.self)))
  return (try? JSONDecoder().decode(Order.self, from: text))?.count == number
}

let options = sentry_options_new()
sentry_options_set_handler_path(options, CommandLine.arguments[1])
sentry_options_set_database_path(options, "db")
sentry_options_set_release(options, "host@1.0")
sentry_options_set_auto_session_tracking(options, 0)
// On slow machines too.
sentry_options_set_shutdown_timeout(options, 20000)
guard sentry_init(options) == 0 else { exit(3) }
let isRight = await withTaskGroup(of: Bool.self) { group in
  for number in 0..<4 { group.addTask { await capture(number) } }
  return await group.reduce(true) { $0 && $1 }
}
guard isRight else { exit(4) }
if CommandLine.arguments.count > 2 {
  // On a thread of the task pool.
  let end: @Sendable () -> Void = { fatalError("the host is at its end") }
  await Task.detached { end() }.value
}
sentry_close()
print("well")
