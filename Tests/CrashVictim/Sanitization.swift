// Provides what the victim wants left out of its reports.
import CLinuxShims
import CrashClient
import LinuxSystem

/// The structure that a handler reads, and what it points to; never freed.
private struct Rules {
  var names: [String]?
  var target: UInt64 = 0
  var ranges: [(start: UInt64, size: UInt64)]?
  var sanitizesStacks = false
  /// Addresses that lead nowhere, or a list that is too long.
  var damage = ""
}

nonisolated(unsafe) private var rules: Rules?
/// What the dump request carries; 0 without rules.
nonisolated(unsafe) var sanitizationAddress: UInt64 = 0
/// A page of the word `HEAPHEAP`.
nonisolated(unsafe) private var page = UnsafeMutableRawPointer(bitPattern: 0)

/// `allow=NAME`, `allow-none`, `target=program|libc|nowhere|unused`, `memory`, `stacks`, `damage=…`.
func sanitize(_ wish: String, _ value: String) {
  var new = rules ?? Rules()
  switch wish {
  case "allow": new.names = (new.names ?? []) + [value]
  case "allow-none": new.names = []
  case "target":
    switch value {
    case "program": new.target = UInt64(UInt(bitPattern: crash_path()))
    case "libc": new.target = address(of: "abort", in: "libc.so.6")
    case "unused": new.target = address(of: "cos", in: "libm.so.6")
    default: new.target = 0x1000
    }
  case "memory": new.ranges = (new.ranges ?? []) + [(UInt64(UInt(bitPattern: secretPage())), 4096)]
  case "stacks": new.sanitizesStacks = true
  case "damage": new.damage = value
  default: break
  }
  rules = new
  sanitizationAddress = store(new)
}

/// The same for our client.
var crashSanitization: CrashSanitization? {
  rules.map { rules in
    CrashSanitization(
      allowedAnnotations: rules.names, targetModule: rules.target == 0 ? nil : UInt(rules.target),
      allowedMemory: (rules.ranges ?? []).map { UInt($0.start)..<UInt($0.start + $0.size) },
      sanitizesStacks: rules.sanitizesStacks)
  }
}

func forgetSanitization() { rules = nil }

private func address(of name: String, in library: String) -> UInt64 {
  UInt64(UInt(bitPattern: dlsym(dlopen(library, RTLD_NOW), name)))
}

private func secretPage() -> UnsafeMutableRawPointer? {
  if let page { return page }
  page = mmap(nil, 4096, PROT_READ | PROT_WRITE, Int32(MAP_PRIVATE | MAP_ANONYMOUS), -1, 0)
  for offset in stride(from: 0, to: 4096, by: 8) {
    page?.storeBytes(of: word("HEAPHEAP"), toByteOffset: offset, as: UInt64.self)
  }
  return page
}

private func word(_ text: String) -> UInt64 { text.utf8.reversed().reduce(0) { $0 << 8 | UInt64($1) } }

/// Dies with `STACKSTA` in local variables, and pointers to the page.
@inline(never) func dieWithSecrets() {
  withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 64) { buffer in
    for index in 0..<64 {
      buffer[index] = index & 1 == 0 ? word("STACKSTA") : UInt64(UInt(bitPattern: secretPage()))
    }
    die("segv")
    say("\(buffer[3])")
  }
}

private func store(_ rules: Rules) -> UInt64 {
  func words(_ list: [UInt64]) -> UInt64 {
    let memory = UnsafeMutablePointer<UInt64>.allocate(capacity: max(list.count, 1))
    for (index, value) in list.enumerated() { memory[index] = value }
    return UInt64(UInt(bitPattern: memory))
  }
  let nowhere: UInt64 = 0x10
  if rules.damage == "structure" { return nowhere }
  var names: UInt64 = 0
  if let list = rules.names {
    names = words(list.map { UInt64(UInt(bitPattern: strdup($0))) } + [rules.damage == "name" ? nowhere : 0, 0])
  }
  if rules.damage == "names" { names = nowhere }
  var ranges: UInt64 = 0
  if var list = rules.ranges {
    if rules.damage == "many" { list = Array(repeating: list[0], count: 257) }
    if rules.damage == "wrap" { list.append((UInt64.max - 1, 2)) }
    ranges = words([words(list.flatMap { [$0.start, $0.size] }), UInt64(list.count)])
  }
  let memory = UnsafeMutableRawPointer.allocate(byteCount: 25, alignment: 8)
  memory.storeBytes(of: names, toByteOffset: 0, as: UInt64.self)
  memory.storeBytes(of: rules.target, toByteOffset: 8, as: UInt64.self)
  memory.storeBytes(of: ranges, toByteOffset: 16, as: UInt64.self)
  memory.storeBytes(of: rules.sanitizesStacks ? 1 : 0, toByteOffset: 24, as: UInt8.self)
  return UInt64(UInt(bitPattern: memory))
}
