// Provides text in groups and aligned columns, coloured on a terminal.

/// Text in groups of labelled lines and tables. What comes from foreign data cannot control the terminal.
struct TextReport {
  enum Style: String {
    case heading = "1;36"
    case good = "32"
    case bad = "1;31"
    case dim = "2"
  }

  let isColoured: Bool
  private(set) var output: [UInt8] = []

  init(isColoured: Bool) { self.isColoured = isColoured }

  mutating func heading(_ text: String) {
    if !output.isEmpty { output.append(UInt8(ascii: "\n")) }
    line(paint(Self.printable(text), .heading))
  }

  /// A label and its value; nothing for a value that is nil.
  mutating func field(_ label: String, _ value: String?, _ style: Style? = nil) {
    guard let value else { return }
    // Annotations have foreign labels.
    let name = Self.printable(label)
    let gap = String(repeating: " ", count: max(1, 16 - Self.width(name)))
    let text = Self.printable(value)
    line("  \(name)\(gap)\(style.map { paint(text, $0) } ?? text)")
  }

  /// Columns as wide as their widest cell; numbers are to be padded by the caller.
  mutating func table(_ header: [String], _ rows: [[String]], marked: Int? = nil) {
    let cells = ([header] + rows).map { $0.map { Self.printable($0) } }
    var widths = [Int](repeating: 0, count: header.count)
    for row in cells {
      for (column, cell) in row.enumerated() { widths[column] = max(widths[column], Self.width(cell)) }
    }
    for (index, row) in cells.enumerated() {
      var text = ""
      for (column, cell) in row.enumerated() {
        text += cell
        if column + 1 < row.count { text += String(repeating: " ", count: widths[column] - Self.width(cell) + 2) }
      }
      let mark = index > 0 && index - 1 == marked ? "> " : "  "
      line(mark + (index == 0 ? paint(text, .dim) : marked == index - 1 ? paint(text, .bad) : text))
    }
  }

  mutating func line(_ text: String) {
    output.append(contentsOf: text.utf8)
    output.append(UInt8(ascii: "\n"))
  }

  /// Foreign text on lines of its own, indented.
  mutating func block(_ text: String) {
    for part in text.split(separator: "\n", omittingEmptySubsequences: false) {
      line("    " + Self.printable(String(part)))
    }
  }

  private func paint(_ text: String, _ style: Style) -> String {
    isColoured ? "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m" : text
  }

  /// Control characters, also those beyond ASCII and the ones that change the direction of text, become U+FFFD.
  static func printable(_ text: String) -> String {
    func isControl(_ value: UInt32) -> Bool {
      value < 0x20 || value >= 0x7f && value < 0xa0 || value >= 0x200e && value <= 0x200f
        || value >= 0x2028 && value <= 0x202e || value >= 0x2066 && value <= 0x2069
    }
    if !text.unicodeScalars.contains(where: { isControl($0.value) }) { return text }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { result.append(isControl(scalar.value) ? "\u{fffd}" : scalar) }
    return String(result)
  }

  private static func width(_ text: String) -> Int { text.count }
}
