// Provides the handler's command line: options of Chromium's and of Sentry's handler.
public import LinuxSystem
internal import Uploader

/// What a command line asks for.
public enum HandlerCommand: Sendable {
  /// Serve clients, or dump the parent, as the options say.
  case serve(HandlerOptions)
  /// Print `text` to standard error and exit with `status`.
  case print(text: String, status: Int32)
}

/// Parses the handler's command line by the rules of GNU `getopt_long`: long options only, `--name value` and
/// `--name=value`, unique abbreviations, `--` ends the options.
public struct HandlerCommandLine {
  /// The version of this package.
  public static let version = "0.1.0"

  private enum Name {
    case annotation, attachment, crashEnvelope, crashReporter, database, help, httpProxy, initialClientFD, logFile
    case logLevel, metricsDirectory, monitorSelf, monitorSelfAnnotation, monitorSelfArgument, noIdentifyClientViaURL
    case noPeriodicTasks, noRateLimit, noUploadGzip, reportID, sanitizationInformation, sharedClientConnection
    case traceParentWithException, url, userStreamRegion, version, waitForUpload
  }

  private enum Value { case none, required, optional }

  private static let table: [(text: StaticString, name: Name, value: Value, help: StaticString)] = [
    ("annotation", .annotation, .required, "=KEY=VALUE       set a process annotation in each crash report"),
    ("attachment", .attachment, .required, "=PATH            attach a file to each crash report"),
    ("crash-envelope", .crashEnvelope, .required, "=PATH        envelope handed to the crash reporter"),
    ("crash-reporter", .crashReporter, .required, "=PATH        program started with the envelope"),
    ("database", .database, .required, "=PATH              the crash report database"),
    ("help", .help, .none, "                       show this help and exit"),
    ("http-proxy", .httpProxy, .optional, "[=URL]           proxy for uploads; <empty>: none at all"),
    ("initial-client-fd", .initialClientFD, .required, "=FD       the socket of the first client"),
    ("log-file", .logFile, .required, "=FILE              append the log to a file as well"),
    ("log-level", .logLevel, .required, "=N                -1 verbose, 0 info, 1 warning, 2 error, 4 fatal"),
    ("metrics-dir", .metricsDirectory, .required, "=DIR            accepted and ignored"),
    ("monitor-self", .monitorSelf, .none, "               run a second handler that watches this one"),
    ("monitor-self-annotation", .monitorSelfAnnotation, .required, "=KEY=VALUE  annotation of this handler itself"),
    ("monitor-self-argument", .monitorSelfArgument, .required, "=ARG  further argument of the second handler"),
    ("no-identify-client-via-url", .noIdentifyClientViaURL, .none, " leave the client out of the upload's URL"),
    ("no-periodic-tasks", .noPeriodicTasks, .none, "          do not scan for old reports and do not prune"),
    ("no-rate-limit", .noRateLimit, .none, "              upload more often than once an hour"),
    ("no-upload-gzip", .noUploadGzip, .none, "             do not compress uploads"),
    ("report-id", .reportID, .required, "=UUID             id of the first report"),
    ("sanitization-information", .sanitizationInformation, .required, "=ADDRESS  of the parent's structure"),
    ("shared-client-connection", .sharedClientConnection, .none, "   the first socket is shared by many clients"),
    ("trace-parent-with-exception", .traceParentWithException, .required, "=ADDRESS  dump the parent and exit"),
    ("url", .url, .required, "=URL                    where reports are uploaded to"),
    ("user-stream-region", .userStreamRegion, .required, "=FD,SIZE  shared memory that each dump takes along"),
    ("version", .version, .none, "                    show the version and exit"),
    ("wait-for-upload", .waitForUpload, .none, "            release the client after the upload"),
  ]

  private var options = HandlerOptions()
  private var positional: [FilePath] = []
  /// The last part of `argv[0]`, and all of it: `getopt_long` says the whole.
  private let me: String
  private let program: String

  /// - Parameter arguments: all of `argv`.
  public static func parse(_ arguments: [FilePath]) -> HandlerCommand {
    var parser = HandlerCommandLine(arguments.first ?? "")
    if let outcome = parser.read(arguments.dropFirst()) { return outcome }
    if let hint = parser.missing { return parser.usage(hint) }
    if !parser.positional.isEmpty { return parser.usage(nil) }
    return .serve(parser.options)
  }

  private init(_ program: FilePath) {
    me = String(decoding: program.lastComponent, as: UTF8.self)
    self.program = program.description
  }

  /// Reads all options; a result other than `nil` ends the parsing.
  private mutating func read(_ arguments: ArraySlice<FilePath>) -> HandlerCommand? {
    var rest = arguments
    while let argument = rest.popFirst() {
      if argument.bytes == [0x2d, 0x2d] {
        positional += rest
        return nil
      }
      guard argument.bytes.starts(with: [0x2d, 0x2d]) else {
        if argument.bytes.first == 0x2d, argument.bytes.count > 1 {
          return unusable("invalid option -- '\(String(decoding: argument.bytes[1...1], as: UTF8.self))'")
        }
        positional.append(argument)
        continue
      }
      let body = argument.bytes.dropFirst(2)
      let equals = body.firstIndex(of: UInt8(ascii: "="))
      let name = Array(body[..<(equals ?? body.endIndex)])
      var value = equals.map { FilePath(bytes: body[($0 + 1)...]) }
      let matches = Self.table.filter { Self.bytes(of: $0.text).starts(with: name) }
      guard let entry = matches.first(where: { Self.bytes(of: $0.text) == name }) ?? matches.first else {
        return unusable("unrecognized option '\(argument)'")
      }
      if matches.count > 1, Self.bytes(of: entry.text) != name {
        let names = matches.map { " '--\($0.text)'" }.joined()
        return unusable("option '\(argument)' is ambiguous; possibilities:\(names)")
      }
      switch entry.value {
      case .none where value != nil: return unusable("option '--\(entry.text)' doesn't allow an argument")
      case .required where value == nil:
        guard let next = rest.popFirst() else { return unusable("option '--\(entry.text)' requires an argument") }
        value = next
      default: break
      }
      if let outcome = apply(entry.name, value ?? "") { return outcome }
    }
    return nil
  }

  private mutating func apply(_ name: Name, _ value: FilePath) -> HandlerCommand? {
    switch name {
    case .annotation:
      guard let pair = Self.pair(value) else { return failure("--annotation requires KEY=VALUE") }
      options.annotations.removeAll { $0.key == pair.key }
      options.annotations.append(pair)
    case .monitorSelfAnnotation:
      guard let pair = Self.pair(value) else { return failure("--monitor-self-annotation requires KEY=VALUE") }
      options.monitorSelfAnnotations.append(pair)
    case .attachment: options.attachments.append(value)
    case .crashEnvelope: options.crashEnvelope = value
    case .crashReporter: options.crashReporter = value
    case .database: options.database = value
    case .help: return .print(text: help, status: 0)
    case .version: return .print(text: "\(me) (SentryNative) \(Self.version)\n", status: 0)
    case .httpProxy:
      // A bare `--http-proxy` crashes the original; here it means what leaving it out means.
      options.proxy = HTTPProxy(option: value.description)
    case .initialClientFD:
      guard let number = Self.integer(value), let descriptor = Int32(exactly: number) else {
        return unparsed("initial-client-fd")
      }
      options.initialClientDescriptor = descriptor == -1 ? nil : descriptor
    case .logFile: options.logFile = value
    case .logLevel:
      if let number = Self.integer(value), let level = HandlerLog.Level(rawValue: Int32(truncatingIfNeeded: number)) {
        options.logLevel = level
      }
    case .metricsDirectory: options.metricsDirectory = value
    case .monitorSelf: options.monitorSelf = true
    case .monitorSelfArgument: options.monitorSelfArguments.append(value)
    case .noIdentifyClientViaURL: options.identifyClientViaURL = false
    case .noPeriodicTasks: options.periodicTasks = false
    case .noRateLimit: options.rateLimit = false
    case .noUploadGzip: options.uploadGzip = false
    case .reportID:
      guard let id = UniqueID(text: value.bytes) else { return unparsed("report-id") }
      options.reportID = id == .zero ? nil : id
    case .sanitizationInformation:
      guard let address = Self.address(value) else { return unparsed("sanitization-information") }
      options.sanitizationInformation = address
    case .sharedClientConnection: options.sharedClientConnection = true
    case .traceParentWithException:
      guard let address = Self.address(value) else { return unparsed("trace-parent-with-exception") }
      options.traceParentWithException = address
    case .url: options.url = value.description
    case .userStreamRegion:
      guard let region = UserStreamRegion(text: value) else {
        return unparsed("user-stream-region")
      }
      options.userStreamRegion = region
    case .waitForUpload: options.waitForUpload = true
    }
    return nil
  }

  /// The first thing that a complete command line lacks.
  private var missing: String? {
    let traces = options.traceParentWithException != 0
    let serves = options.initialClientDescriptor != nil
    if !traces && !serves { return "--trace-parent-with-exception or --initial-client-fd is required" }
    if options.sanitizationInformation != 0 && !traces {
      // The underscore is what scripts that match the original's text look for.
      return "--sanitization_information requires --trace-parent-with-exception"
    }
    if options.sharedClientConnection && !serves { return "--shared-client-connection requires --initial-client-fd" }
    if options.database.isEmpty { return "--database is required" }
    return nil
  }

  private func unparsed(_ option: StaticString) -> HandlerCommand { usage("failed to parse --\(option)") }

  /// What `getopt_long` itself has to say.
  private func unusable(_ message: String) -> HandlerCommand { usage(message, from: program) }

  private func usage(_ hint: String?, from speaker: String? = nil) -> HandlerCommand {
    let first = hint.map { "\(speaker ?? me): \($0)\n" } ?? ""
    return .print(text: first + "Try '\(me) --help' for more information.\n", status: 1)
  }

  private func failure(_ message: String) -> HandlerCommand { .print(text: "\(me): \(message)\n", status: 1) }

  private var help: String {
    var text = "Usage: \(me) [OPTION]...\nCaptures crashes of its client processes and uploads the reports.\n\n"
    for entry in Self.table { text += "      --\(entry.text)\(entry.help)\n" }
    return text
  }

  private static func bytes(of text: StaticString) -> [UInt8] { Array(text.description.utf8) }

  /// Splits at the first `=`; the key must not be empty, the value may be.
  private static func pair(_ text: FilePath) -> Annotation? {
    guard let equals = text.bytes.firstIndex(of: UInt8(ascii: "=")), equals > 0 else { return nil }
    return Annotation(
      key: String(decoding: text.bytes[..<equals], as: UTF8.self),
      value: String(decoding: text.bytes[(equals + 1)...], as: UTF8.self))
  }

  private static func integer(_ text: FilePath) -> Int64? { Int64(text.description) }

  /// An unsigned number with C's base prefixes: `0x…`, `0…` octal, decimal; nothing may follow.
  private static func address(_ text: FilePath) -> UInt64? {
    let digits = text.description
    if text.bytes.count >= 2, text.bytes[0] == UInt8(ascii: "0") {
      if text.bytes[1] | 0x20 != UInt8(ascii: "x") { return UInt64(digits, radix: 8) }
      return UInt64(String(decoding: text.bytes.dropFirst(2), as: UTF8.self), radix: 16)
    }
    return UInt64(digits)
  }
}
