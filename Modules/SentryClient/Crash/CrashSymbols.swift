// Provides names for the stack of an earlier run's crash, as far as this run has the same modules.
internal import LinuxSystem
internal import LocalStack
internal import SentryEnvelope
internal import StructuredValue

/// The crashing thread cannot look for names: the linker's lock may be held. The next start of the program has mostly the
/// same modules, at other addresses.
internal enum CrashSymbols {
  /// Adds names to the frames of an envelope's exceptions.
  ///
  /// - Parameter modules: those of this process.
  static func complete(_ envelope: inout Envelope, _ modules: LoadedModules, _ demangler: ((String) -> String?)?) {
    guard let index = envelope.items.firstIndex(where: { $0.type == "event" }),
      var event = (try? StructuredValue(json: envelope.items[index].payload))?.object,
      var exceptions = event["exception"]?["values"]?.array,
      let images = event["debug_meta"]?["images"]?.array
    else { return }
    for place in exceptions.indices {
      guard var exception = exceptions[place].object, var stacktrace = exception["stacktrace"]?.object,
        var frames = stacktrace["frames"]?.array
      else { continue }
      for number in frames.indices {
        // All but the youngest are return addresses.
        frames[number] = complete(frames[number], isCall: number < frames.count - 1, images, modules, demangler)
      }
      stacktrace["frames"] = .array(frames)
      exception["stacktrace"] = .object(stacktrace)
      exceptions[place] = .object(exception)
    }
    event["exception"] = ["values": .array(exceptions)]
    envelope.items[index] = EnvelopeItem(type: "event", payload: StructuredValue.object(event).json)
  }

  private static func complete(
    _ value: StructuredValue, isCall: Bool, _ images: [StructuredValue], _ modules: LoadedModules,
    _ demangler: ((String) -> String?)?
  ) -> StructuredValue {
    guard var frame = value.object, frame["function"] == nil, let place = address(frame["instruction_addr"])
    else { return value }
    for image in images {
      guard let base = address(image["image_addr"]), place > base, case .integer(let size)? = image["image_size"],
        size > 0, place - base < UInt(size), let path = image["code_file"]
      else { continue }
      frame["package"] = path
      frame["image_addr"] = image["image_addr"]
      for module in modules.modules where .string(module.path.description) == path && !module.buildID.isEmpty {
        guard image["code_id"] == .string(DebugIdentifier.hexadecimal(module.buildID[...])),
          let function = FunctionName.exported(at: module.base &+ (place - base) &- (isCall ? 1 : 0)),
          function.start >= module.base
        else { continue }
        frame["function"] = .string(demangler?(function.name) ?? function.name)
        frame["symbol_addr"] = .string("0x\(String(base &+ (function.start - module.base), radix: 16))")
      }
      break
    }
    return .object(frame)
  }

  private static func address(_ value: StructuredValue?) -> UInt? {
    guard let text = value?.string, text.utf8.starts(with: "0x".utf8) else { return nil }
    return UInt(text.dropFirst(2), radix: 16)
  }
}
