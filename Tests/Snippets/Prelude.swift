// Provides what the snippets in the documents speak of: Scripts/check-snippets compiles each of them behind this.
struct Request: Sendable {
  var id = "1"
  var headers: [(name: String, value: String)] = []
}
let request = Request()
let number = 5
func work() throws {}
func handle(_ request: Request) async throws {}
