// The options of parent and child.

struct Arguments {
  var children = 6
  var isShared = true
  var folder = ".sentry-native"
  var handler: String?
  /// The number of a child; `nil` in the parent.
  var child: Int?
  var isHelp = false

  init(_ words: [String]) {
    var rest = words[...]
    while let word = rest.popFirst() {
      switch word {
      case "--shared": isShared = true
      case "--separate": isShared = false
      case "--children": children = rest.popFirst().flatMap { Int($0) } ?? children
      case "--folder": folder = rest.popFirst() ?? folder
      case "--handler": handler = rest.popFirst()
      case "--child": child = rest.popFirst().flatMap { Int($0) }
      default: isHelp = true
      }
    }
  }
}
