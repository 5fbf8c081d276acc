// Provides how the time of a capture grows with what the process has, as rows and as a drawing.
import Foundation

/// A capture at 1, 10, 100, … of one thing each, beside the peer.
func growth(_ settings: Settings, _ emit: (Row) -> Void) throws {
  var plot = GrowthPlot()
  for what in ["threads", "modules", "mappings", "annotations"] {
    for count in [1, 10, 100, 1000, 10_000] {
      let threads = what == "threads" ? max(count, 2) : 2
      let modules = what == "modules" ? try makeModules(count, settings) : ""
      let samples = try handlerSamples(
        settings, "growth-\(what)-\(count)",
        [
          "capture", "\(threads)", "\(settings.runs)", modules, what == "mappings" ? "\(count)" : "0",
          what == "annotations" ? "\(count)" : "0",
        ])
      let rows = handlerRows("growth/\(what)-\(count)", "ms", 0, samples, settings)
      rows.forEach(emit)
      // Ours once, beside each peer.
      for (index, row) in rows.enumerated() {
        let handler = row.name.split(separator: "/").last ?? ""
        if index == 0 || rows[index - 1].name != row.name, let time = row.ours.median {
          plot.add("\(what), \(handler)", count, time)
        }
        if index < settings.peerHandlers.count, let peer = row.peer, let time = row.theirs.median {
          plot.add("\(what), \(peer)", count, time)
        }
      }
    }
  }
  if let file = settings.plotFile { try plot.svg.write(toFile: file, atomically: true, encoding: .utf8) }
}

/// Lines over logarithmic axes: what grows with its number climbs one square a square.
struct GrowthPlot {
  private var lines: [(name: String, points: [(x: Double, y: Double)])] = []
  private static let colours = ["#1b6ac9", "#c9501b", "#2d8a3e", "#8a2d7f", "#7f7a1b", "#1b8f8a", "#555555", "#b01b3a"]

  mutating func add(_ line: String, _ count: Int, _ milliseconds: Double) {
    let index = lines.firstIndex { $0.name == line } ?? lines.count
    if index == lines.count { lines.append((line, [])) }
    lines[index].points.append((log10(Double(count)), log10(max(milliseconds, 0.01))))
  }

  var svg: String {
    let (left, top, width, height) = (70.0, 30.0, 480.0, 360.0)
    let lowest = lines.flatMap { $0.points.map { $0.y } }.min().map { $0.rounded(.down) } ?? 0
    let highest = max(lowest + 1, lines.flatMap { $0.points.map { $0.y } }.max().map { $0.rounded(.up) } ?? 1)
    func x(_ value: Double) -> String { String(format: "%.1f", left + value / 4 * width) }
    func y(_ value: Double) -> String {
      String(format: "%.1f", top + height - (value - lowest) / (highest - lowest) * height)
    }
    func label(_ power: Int) -> String { String(format: "%g", pow(10, Double(power))) }
    var text = """
      <svg xmlns="http://www.w3.org/2000/svg" width="820" height="440" font-family="sans-serif" font-size="12">
      <rect width="820" height="440" fill="white"/>

      """
    for power in 0...4 {
      let place = x(Double(power))
      text += "<path d=\"M\(place) \(top)V\(top + height)\" stroke=\"#ddd\"/>"
      text += "<text x=\"\(place)\" y=\"\(top + height + 18)\" text-anchor=\"middle\">\(label(power))</text>\n"
    }
    for power in Int(lowest)...Int(highest) {
      let place = y(Double(power))
      text += "<path d=\"M\(left) \(place)H\(left + width)\" stroke=\"#ddd\"/>"
      text += "<text x=\"\(left - 8)\" y=\"\(place)\" text-anchor=\"end\" dominant-baseline=\"middle\">"
      text += power < 3 ? "\(label(power)) ms</text>\n" : "\(label(power - 3)) s</text>\n"
    }
    for (index, line) in lines.enumerated() {
      let colour = Self.colours[index % Self.colours.count]
      let dash = index / Self.colours.count > 0 ? " stroke-dasharray=\"5 3\"" : ""
      let points = line.points.map { "\(x($0.x)),\(y($0.y))" }.joined(separator: " ")
      text += "<polyline points=\"\(points)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\"\(dash)/>\n"
      let row = top + 10 + Double(index) * 20
      text += "<path d=\"M570 \(row)h24\" stroke=\"\(colour)\" stroke-width=\"2\"\(dash)/>"
      text += "<text x=\"600\" y=\"\(row)\" dominant-baseline=\"middle\">\(line.name)</text>\n"
    }
    let middle = String(format: "%.0f", left + width / 2)
    text += "<text x=\"\(middle)\" y=\"16\" text-anchor=\"middle\">"
    text += "From the request to the release of the client</text>\n"
    return text + "</svg>\n"
  }
}
