// Provides the entry point of crashpad_walker.

@main
struct Main {
  static func main() {}
}
