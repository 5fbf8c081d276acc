// Provides the stack of the calling thread as events have it, and the images that it lies in.
internal import CLinuxShims
internal import LinuxSystem
internal import LocalStack
internal import SentryEnvelope
public import StructuredValue

extension SentryClient {
  /// The calling thread's stack, oldest call first: `{frames: […]}`.
  ///
  /// Costs microseconds without names. Not for signal handlers.
  ///
  /// - Parameter skipping: innermost calls that are left out.
  public func currentStacktrace(skipping: Int = 0) -> StructuredObject {
    let addresses = CallStack(limit: 128, skipping: skipping + 1).addresses
    var stacktrace = StructuredObject()
    stacktrace["frames"] = .array(
      addresses.enumerated().reversed().map { index, address in
        var frame = StructuredObject()
        // All are return addresses. Servers know that of every frame but the youngest.
        frame["instruction_addr"] = .string(
          "0x\(String(UInt64(index == 0 && address > 0 ? address - 1 : address), radix: 16))")
        frame["trust"] = "fp"
        return .object(frame)
      })
    return stacktrace
  }

  /// Completes stacks that were made here: names, where they are wanted and known, and the images for the server.
  internal func completeStacks(of event: inout StructuredObject) {
    let modules = LoadedModules.current()
    var hasFrames = false
    for key in ["exception", "threads"] {
      guard var list = event[key]?["values"]?.array ?? event[key]?.array else { continue }
      for index in list.indices {
        guard var entry = list[index].object, var stacktrace = entry["stacktrace"]?.object,
          let frames = stacktrace["frames"]?.array, !frames.isEmpty
        else { continue }
        hasFrames = true
        if !options.symbolizesStacktraces { continue }
        let names = names(of: frames)
        stacktrace["frames"] = .array(frames.indices.map { symbolized(frames[$0], names[$0], modules) })
        entry["stacktrace"] = .object(stacktrace)
        list[index] = .object(entry)
      }
      if options.symbolizesStacktraces { event[key] = ["values": .array(list)] }
    }
    if hasFrames && event["debug_meta"] == nil {
      event["debug_meta"] = ["images": modules.images]
    }
  }

  /// What names can be found for; `nil` for a frame that has one already, or no address.
  private static func address(of frame: StructuredValue) -> UInt? {
    guard let frame = frame.object, frame["function"] == nil, let text = frame["instruction_addr"]?.string,
      text.utf8.starts(with: "0x".utf8), let address = UInt(text.dropFirst(2), radix: 16), address > 1
    else { return nil }
    return address
  }

  /// The functions of frames, as far as they are known.
  private func names(of frames: [StructuredValue]) -> [FunctionName?] {
    // A return address may be the beginning of another function.
    let addresses = frames.map { frame in Self.address(of: frame).map { $0 - 1 } }
    let known = options.functionNames?(addresses.compactMap { $0 }) ?? []
    var index = 0
    return addresses.map { address in
      guard let address else { return nil }
      index += 1
      if index <= known.count, let name = known[index - 1] { return name }
      return FunctionName.exported(at: address)
    }
  }

  private func symbolized(
    _ value: StructuredValue, _ name: FunctionName?, _ modules: LoadedModules
  ) -> StructuredValue {
    guard let address = Self.address(of: value), var frame = value.object,
      let module = modules.module(containing: address)
    else { return value }
    frame["package"] = .string(module.path.description)
    frame["image_addr"] = .string("0x\(String(module.base, radix: 16))")
    frame["in_app"] = .bool(module.base == modules.modules.first?.base)
    if let name {
      let readable = options.demangler?(name.name)
      frame["function"] = .string(readable ?? name.name)
      if let readable, readable != name.name { frame["raw_function"] = .string(name.name) }
      frame["symbol_addr"] = .string("0x\(String(name.start, radix: 16))")
    }
    return .object(frame)
  }
}

extension LoadedModules {
  /// The list as events have it.
  internal var images: StructuredValue { .array(modules.map { Self.image($0) }) }

  private static func image(_ module: LoadedModule) -> StructuredValue {
    var image = DebugImage(codeFile: module.path.description)
    image.imageAddress = UInt64(module.base)
    image.imageSize = UInt64(module.size)
    if !module.buildID.isEmpty {
      image.codeID = DebugIdentifier.hexadecimal(module.buildID[...])
      image.debugID = DebugIdentifier.text(buildID: module.buildID)
    } else {
      image.debugID = DebugIdentifier.text(buildID: [])
    }
    return image.value
  }
}

/// A function of this process.
public struct FunctionName: Hashable, Sendable {
  /// As symbol tables have it: mangled.
  public let name: String
  /// The address of its first instruction.
  public let start: UInt

  /// A function that somebody has found.
  public init(name: String, start: UInt) {
    self.name = name
    self.start = start
  }

  /// From the dynamic symbol tables: dladdr(3).
  internal static func exported(at address: UInt) -> FunctionName? {
    var information = Dl_info()
    guard let pointer = UnsafeRawPointer(bitPattern: address), dladdr(pointer, &information) != 0,
      let name = information.dli_sname, let start = information.dli_saddr
    else { return nil }
    return FunctionName(name: String(cString: name), start: UInt(bitPattern: start))
  }
}

/// The identifier by which servers find debug information. Format: docs/formats/wire-formats.md, "Debug identifiers".
internal enum DebugIdentifier {
  /// The first 16 bytes as a GUID in mixed byte order; missing ones are zero.
  static func text(buildID: [UInt8]) -> String {
    let bytes = Array((buildID + [UInt8](repeating: 0, count: 16)).prefix(16))
    let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map { bytes[$0] }
    let parts = [order[0..<4], order[4..<6], order[6..<8], order[8..<10], order[10..<16]]
    return parts.map { hexadecimal($0) }.joined(separator: "-")
  }

  static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
