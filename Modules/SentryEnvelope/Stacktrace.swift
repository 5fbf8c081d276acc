// Provides stack traces of events.
public import StructuredValue

/// One call of a stack.
public struct Frame: Hashable, Sendable {
  /// Where the function was: of a call the return address, of the youngest frame the instruction itself.
  public var instructionAddress: UInt64?
  /// Where the function begins.
  public var symbolAddress: UInt64?
  /// Where the image is loaded in which it lies.
  public var imageAddress: UInt64?
  /// The function's name as a person reads it.
  public var function: String?
  /// Its name in the symbol table, where that is another one.
  public var rawFunction: String?
  /// The module of the language; not the image, which is `package`.
  public var module: String?
  /// The file of the image.
  public var package: String?
  /// The source file, as short as debug information has it.
  public var fileName: String?
  /// The source file with its folder.
  public var absolutePath: String?
  /// From 1.
  public var lineNumber: Int64?
  /// From 1.
  public var columnNumber: Int64?
  /// Whether it is the application's own code.
  public var isInApp: Bool?
  /// How the frame was found: `context`, `cfi`, `fp`, `scan`.
  public var trust: String?

  /// A frame of which nothing but its address is known.
  public init(instructionAddress: UInt64? = nil) { self.instructionAddress = instructionAddress }

  /// Takes what is well formed.
  public init(value: StructuredValue) {
    instructionAddress = value["instruction_addr"]?.address
    symbolAddress = value["symbol_addr"]?.address
    imageAddress = value["image_addr"]?.address
    function = value["function"]?.string
    rawFunction = value["raw_function"]?.string
    module = value["module"]?.string
    package = value["package"]?.string
    fileName = value["filename"]?.string
    absolutePath = value["abs_path"]?.string
    lineNumber = value["lineno"]?.int64
    columnNumber = value["colno"]?.int64
    isInApp = value["in_app"]?.bool
    trust = value["trust"]?.string
  }

  /// As `frames` of a stack trace has it; addresses as hexadecimal text.
  public var value: StructuredValue {
    var object = StructuredObject()
    object.set("instruction_addr", address: instructionAddress)
    object.set("symbol_addr", address: symbolAddress)
    object.set("image_addr", address: imageAddress)
    object.set("function", function)
    object.set("raw_function", rawFunction)
    object.set("module", module)
    object.set("package", package)
    object.set("filename", fileName)
    object.set("abs_path", absolutePath)
    object.set("lineno", lineNumber)
    object.set("colno", columnNumber)
    object.set("in_app", isInApp)
    object.set("trust", trust)
    return .object(object)
  }
}

/// The calls of a thread.
public struct Stacktrace: Hashable, Sendable {
  /// Oldest call first.
  public var frames: [Frame]
  /// By name, of the youngest call.
  public var registers: StructuredObject

  /// Calls, oldest first.
  public init(frames: [Frame], registers: StructuredObject = StructuredObject()) {
    self.frames = frames
    self.registers = registers
  }

  /// Takes what is well formed.
  public init(value: StructuredValue) {
    frames = (value["frames"]?.array ?? []).map { Frame(value: $0) }
    registers = value["registers"]?.object ?? StructuredObject()
  }

  /// As `stacktrace` of an exception or a thread has it.
  public var value: StructuredValue {
    var object = StructuredObject()
    object["frames"] = .array(frames.map { $0.value })
    if !registers.isEmpty { object["registers"] = .object(registers) }
    return .object(object)
  }
}

/// A thread of an event.
public struct SentryThread: Hashable, Sendable {
  /// The system's number of the thread, as text.
  public var id: String
  /// Its name; `nil`: not known.
  public var name: String?
  /// Whether it is the one that crashed.
  public var isCrashed: Bool?
  /// Whether it is the one that made the event.
  public var isCurrent: Bool?
  /// Its calls; `nil`: nobody looked.
  public var stacktrace: Stacktrace?

  /// A thread of which no more than that is known.
  public init(id: String, name: String? = nil, stacktrace: Stacktrace? = nil) {
    self.id = id
    self.name = name
    self.stacktrace = stacktrace
  }

  /// Takes what is well formed.
  public init(value: StructuredValue) {
    id = value["id"]?.string ?? value["id"]?.int64.map { String($0) } ?? ""
    name = value["name"]?.string
    isCrashed = value["crashed"]?.bool
    isCurrent = value["current"]?.bool
    stacktrace = value["stacktrace"].map { Stacktrace(value: $0) }
  }

  /// As `threads.values` of an event has it.
  public var value: StructuredValue {
    var object = StructuredObject()
    object["id"] = .string(id)
    object.set("name", name)
    object.set("crashed", isCrashed)
    object.set("current", isCurrent)
    object.set("stacktrace", stacktrace?.value)
    return .object(object)
  }
}
