// Provides what the command line says.
import Foundation

/// A program that is measured.
struct Program {
  let name: String
  let path: String
}

struct Failure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

struct Settings {
  /// Names of benchmarks; empty for all.
  var names: [String] = []
  var jsonFile: String?
  var runs = 15
  /// Our handlers, in each way that it is built.
  var handlers: [Program] = []
  /// Those of others.
  var peerHandlers: [Program] = []
  /// The least that a handler can do.
  var floorHandler: Program?
  var client = ""
  /// libsentry.so, in each way that it is built.
  var libraries: [Program] = []
  /// Loads it.
  var libraryClient = ""
  /// Where the drawing of `growth` goes.
  var plotFile: String?
  var crashctl = ""
  var walker: String?
  /// The reader of minidumps alone.
  var lister = ""
  var peerReader: String?
  /// With the package `minidump`.
  var peerPython: String?
  var lldb: String?
  /// Of damaged dumps.
  var hostile: String?
  /// Where files are written; removed at the end.
  var scratch = ""

  init(_ arguments: [String]) throws {
    var rest = arguments[...]
    func value(of option: String) throws -> String {
      guard let value = rest.popFirst() else { throw Failure("\(option) needs a value") }
      return value
    }
    while let argument = rest.popFirst() {
      switch argument {
      case "--json": jsonFile = try value(of: argument)
      case "--runs":
        guard let number = Int(try value(of: argument)), number > 0 else { throw Failure("--runs needs a number") }
        runs = number
      case "--handler":
        let parts = try value(of: argument).split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw Failure("--handler needs NAME=PATH") }
        handlers.append(Program(name: parts[0], path: parts[1]))
      case "--library":
        let parts = try value(of: argument).split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw Failure("--library needs NAME=PATH") }
        libraries.append(Program(name: parts[0], path: parts[1]))
      case "--library-client": libraryClient = try value(of: argument)
      case "--plot": plotFile = try value(of: argument)
      case "--peer-handler":
        let parts = try value(of: argument).split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw Failure("--peer-handler needs NAME=PATH") }
        peerHandlers.append(Program(name: parts[0], path: parts[1]))
      case "--crashctl": crashctl = try value(of: argument)
      case "--walker": walker = try value(of: argument)
      case "--lister": lister = try value(of: argument)
      case "--floor-handler": floorHandler = Program(name: "floor", path: try value(of: argument))
      case "--peer-reader": peerReader = try value(of: argument)
      case "--peer-python": peerPython = try value(of: argument)
      case "--lldb": lldb = try value(of: argument)
      case "--hostile": hostile = try value(of: argument)
      case "--client": client = try value(of: argument)
      case "--scratch": scratch = try value(of: argument)
      default:
        if argument.hasPrefix("-") { throw Failure("unknown option \(argument)") }
        names.append(argument)
      }
    }
  }

  /// An empty folder of its own.
  func folder(_ name: String) throws -> String {
    let path = "\(scratch)/\(name)"
    try? FileManager.default.removeItem(atPath: path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }
}
