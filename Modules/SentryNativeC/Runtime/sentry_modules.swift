// Provides the list of loaded modules, and stack traces as events have them.
internal import CLinuxShims
public import CSentry
internal import StructuredValue

private func hexadecimal(_ value: UInt64) -> String { "0x\(String(value, radix: 16))" }

// ---- Stack traces ----------------------------------------------------------------------------------------------------

/// Outermost frame first, as servers want them.
@implementation @c
public func csentry_new_stacktrace(
  _ addresses: UnsafeMutablePointer<UnsafeMutableRawPointer?>, _ count: Int
) -> sentry_value_t {
  let frames = sentry_value_new_list()
  var index = count
  while index > 0 {
    index -= 1
    let frame = sentry_value_new_object()
    let address = UInt64(UInt(bitPattern: addresses[index]))
    frame.set("instruction_addr", sentry_value_t(text: hexadecimal(address)))
    _ = sentry_value_append(frames, frame)
  }
  let trace = sentry_value_new_object()
  trace.set("frames", frames)
  return trace
}

// ---- Modules ---------------------------------------------------------------------------------------------------------

/// One module as an image of `debug_meta`.
private func image(
  _ name: UnsafePointer<CChar>, _ address: UInt64, _ size: UInt64, _ buildID: UnsafePointer<UInt8>?, _ length: UInt64
) -> sentry_value_t {
  let image = sentry_value_new_object()
  image.set("type", sentry_value_t(staticText: "elf"))
  image.set("code_file", name, strlen(name))
  image.set("image_addr", sentry_value_t(text: hexadecimal(address)))
  image.set("image_size", sentry_value_t(StructuredValue(size)))
  if let buildID, length > 0, length <= 64 {
    let bytes = Array(UnsafeBufferPointer(start: buildID, count: Int(length)))
    image.set("code_id", sentry_value_t(text: digits(bytes)))
    image.set("debug_id", debugID(bytes))
  } else if let sum = textSum(name) {
    image.set("debug_id", debugID(sum))
  } else {
    image.set("debug_id", sentry_value_t(staticText: "00000000-0000-0000-0000-000000000000"))
  }
  return image
}

private func textSum(_ name: UnsafePointer<CChar>) -> [UInt8]? {
  var sum = [UInt8](repeating: 0, count: 16)
  return csentry_hash_text(name, &sum) != 0 ? sum : nil
}

private func digits(_ bytes: [UInt8]) -> String {
  var text: [UInt8] = []
  for byte in bytes {
    for digit in [byte >> 4, byte & 15] { text.append(digit < 10 ? 0x30 + digit : 0x57 + digit) }
  }
  return String(decoding: text, as: UTF8.self)
}

/// The first 16 bytes as a GUID of Microsoft's: its first three numbers are little-endian.
private func debugID(_ buildID: [UInt8]) -> sentry_value_t {
  let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
  var id = sentry_uuid_t()
  withUnsafeMutableBytes(of: &id) { bytes in
    for (place, index) in order.enumerated() where index < buildID.count { bytes[place] = buildID[index] }
  }
  return id.dashedText
}

/// The modules as a frozen list.
private func listModules() -> sentry_value_t {
  let list = sentry_value_new_list()
  var context = list
  withUnsafeMutablePointer(to: &context) { pointer in
    csentry_visit_modules(
      { context, name, address, size, buildID, length in
        guard let list = context?.assumingMemoryBound(to: sentry_value_t.self).pointee else { return }
        _ = sentry_value_append(list, image(name, address, size, buildID, length))
      }, pointer)
  }
  sentry_value_freeze(list)
  return list
}

@implementation @c public func sentry_get_modules_list() -> sentry_value_t { Library.shared.modules(listModules) }
@implementation @c public func sentry_clear_modulecache() { Library.shared.forgetModules() }
