// Provides the contexts that the client fills itself: operating system, device, program, runtime.
internal import CLinuxShims
internal import LinuxSystem
internal import StructuredValue

internal enum SystemContexts {
  /// All of them, as far as the system tells.
  static func all(_ options: ClientOptions) -> StructuredObject {
    var contexts = StructuredObject()
    contexts["os"] = .object(operatingSystem())
    let group = ControlGroup.current()
    contexts["device"] = .object(device(memoryLimit: group.memoryLimit))
    let container = group.context
    if !container.isEmpty { contexts["container"] = .object(container) }
    contexts["app"] = .object(application(options))
    if let runtime = options.runtime {
      contexts["runtime"] = [
        "name": .string(runtime.name), "version": .string(runtime.version),
        "raw_description": .string("\(runtime.name) \(runtime.version)"),
      ]
    }
    return contexts
  }

  /// `uname(2)`; nothing when it fails.
  private static func kernelName() -> (release: String, machine: String) {
    var names = utsname()
    guard uname(&names) == 0 else { return ("", "") }
    // The fields are NUL-terminated arrays, which Swift sees as tuples.
    let release = withUnsafeBytes(of: &names.release) { text($0) }
    return (release, withUnsafeBytes(of: &names.machine) { text($0) })
  }

  private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  static func operatingSystem() -> StructuredObject {
    var os = StructuredObject()
    os["name"] = "Linux"
    let (version, build) = split(release: kernelName().release)
    if !version.isEmpty { os["version"] = .string(version) }
    if !build.isEmpty { os["build"] = .string(build) }
    for path: FilePath in ["/etc/os-release", "/usr/lib/os-release"] {
      guard let bytes = try? FileSystem.read(path, limit: 65_536) else { continue }
      let fields = osRelease(bytes)
      for (key, name) in [
        ("distribution_name", "ID"), ("distribution_version", "VERSION_ID"),
        ("distribution_pretty_name", "PRETTY_NAME"),
      ] {
        if let value = fields[name] { os[key] = value }
      }
      break
    }
    return os
  }

  /// `6.1.0-13-amd64` becomes `6.1.0` and `13-amd64`.
  static func split(release: String) -> (version: String, build: String) {
    let bytes = Array(release.utf8)
    let end = bytes.firstIndex { !($0 >= 0x30 && $0 <= 0x39) && $0 != UInt8(ascii: ".") } ?? bytes.count
    let rest = end < bytes.count ? bytes[(bytes[end] == UInt8(ascii: "-") ? end + 1 : end)...] : []
    return (String(decoding: bytes[..<end], as: UTF8.self), String(decoding: rest, as: UTF8.self))
  }

  /// The fields of os-release(5): shell assignments, possibly in quotes.
  static func osRelease(_ bytes: [UInt8]) -> StructuredObject {
    var fields = StructuredObject()
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      guard let equals = line.firstIndex(of: UInt8(ascii: "=")), line.first != UInt8(ascii: "#") else { continue }
      var value = line[(equals + 1)...]
      if let quote = value.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'"), value.count >= 2,
        value.last == quote
      {
        value = value.dropFirst().dropLast()
      }
      // A backslash keeps the next character as it is.
      var plain: [UInt8] = []
      var isEscaped = false
      for byte in value {
        if byte == UInt8(ascii: "\\") && !isEscaped {
          isEscaped = true
        } else {
          plain.append(byte)
          isEscaped = false
        }
      }
      fields[String(decoding: line[..<equals], as: UTF8.self)] = .string(String(decoding: plain, as: UTF8.self))
    }
    return fields
  }

  /// - Parameter memoryLimit: of the control group.
  static func device(memoryLimit: Int64? = nil) -> StructuredObject {
    var device = StructuredObject()
    let machine = kernelName().machine
    if !machine.isEmpty { device["arch"] = .string(machine) }
    let processors = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    if processors > 0 { device["processor_count"] = .integer(Int64(processors)) }
    let pages = sysconf(Int32(_SC_PHYS_PAGES))
    let pageSize = sysconf(Int32(_SC_PAGESIZE))
    let (memory, overflow) = pages.multipliedReportingOverflow(by: pageSize)
    if pages > 0, pageSize > 0, !overflow {
      device["memory_size"] = .integer(Int64(memory))
      if let memoryLimit { device["usable_memory"] = .integer(min(memoryLimit, Int64(memory))) }
    }
    return device
  }

  static func application(_ options: ClientOptions) -> StructuredObject {
    var app = StructuredObject()
    if let executable = try? FileSystem.executable() {
      app["app_name"] = .string(String(decoding: executable.lastComponent, as: UTF8.self))
    }
    app["app_start_time"] = .string(Timestamp.now().iso8601)
    // `name@version+build` is the usual form of a release.
    if let release = options.release, let at = release.utf8.firstIndex(of: UInt8(ascii: "@")) {
      app["app_version"] = .string(String(release[release.utf8.index(after: at)...]))
    }
    return app
  }
}
