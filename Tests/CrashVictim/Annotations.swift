// Provides what the victim tells handlers through its memory.
import CCrashZoo
import CLinuxShims
import CrashClient
import LinuxSystem

private let text = CrashAnnotation<String>("text")
private let replaced = CrashAnnotation<String>("replaced")
private let cut = CrashAnnotation<String>("cut", capacity: 8)
private let cleared = CrashAnnotation<String>("cleared")
private let unset = CrashAnnotation<String>("unset")
private let negative = CrashAnnotation<Int>("negative")
private let largest = CrashAnnotation<UInt64>("largest")
private let flag = CrashAnnotation<Bool>("flag")
private let constant = CrashAnnotation<StaticString>("constant")
private let own = CrashAnnotation<[UInt8]>("own", capacity: CrashAnnotation<[UInt8]>.maximumCapacity)
private let stream = CrashUserStream(type: 0x4b6b_0077, capacity: 1 << 20)
private let records = CrashRingBuffer("records", capacity: 512)
nonisolated(unsafe) private var extra = UnsafeMutableRawBufferPointer(start: nil, count: 0)

/// Sets one annotation of each type, a dictionary, a stream and a range of memory.
func annotate() {
  text.set("Gehäuse \u{1F600}")
  replaced.set("a value that is longer than the one behind it")
  replaced.set("second")
  cut.set("1234567ä")
  cleared.set("not to be seen")
  cleared.clear()
  _ = unset
  negative.set(.min)
  largest.set(.max)
  flag.set(true)
  constant.set("constant")
  own.set([UInt8](repeating: 7, count: 30_000))
  stream.set(Array("first content".utf8))
  stream.set(Array("content".utf8))

  CrashpadInfo.setSimpleAnnotation("simple", "first")
  CrashpadInfo.setSimpleAnnotation("simple", "second")
  CrashpadInfo.setSimpleAnnotation("removed", "not to be seen")
  CrashpadInfo.setSimpleAnnotation("removed", nil)
  CrashpadInfo.setSimpleAnnotation("long", String(repeating: "x", count: 300))
  let size = 3 * 4096
  extra = UnsafeMutableRawBufferPointer(start: mmap(nil, size, 3, 0x22, -1, 0), count: size)
  extra.initializeMemory(as: UInt8.self, repeating: 0x5a)
  say("extra \(UInt(bitPattern: extra.baseAddress))")
  CrashpadInfo.addExtraMemory(UnsafeRawBufferPointer(extra))
}

/// Pushes the numbers from 0 on, each as often as its last digit says.
func pushRecords(_ count: Int) {
  for index in 0..<count { records.push(String(repeating: "\(index),", count: index % 10 + 1)) }
}

/// What a ring buffer takes: nothing that is empty or too large, and again what it has given up.
func sayRecordSizes() {
  let taken = [0, 1, 127, 128, 509, 510, 511, 512, 513, 30_000].map {
    records.push([UInt8](repeating: 7, count: $0)) ? "\($0)" : "-"
  }
  say("records \(taken.joined(separator: " ")) \(records.clear()) \(records.push("last"))")
}

/// Settings by their names.
func setCrashpadInfo(_ setting: String) {
  switch setting {
  case "disabled": CrashpadInfo.handlerBehavior = .disabled
  case "enabled": CrashpadInfo.handlerBehavior = .enabled
  case "gather": CrashpadInfo.gatherIndirectlyReferencedMemory(.enabled, limit: 4096)
  case "stack-limit": CrashpadInfo.stackLimit = 4096
  case "no-extra":
    say("removed \(CrashpadInfo.removeExtraMemory(UnsafeRawBufferPointer(extra)))")
  case "forwarding":
    CrashpadInfo.systemCrashReporterForwarding = .disabled
    say("info \(CrashpadInfo.systemCrashReporterForwarding) \(CrashpadInfo.gathersIndirectlyReferencedMemory)")
  default: exit(99)
  }
}

/// Fills the dictionary until it takes no more, and says how many that were.
func fillDictionary() {
  var count = 0
  while CrashpadInfo.setSimpleAnnotation("key \(count)", "value \(count)") { count += 1 }
  // A value can still be changed.
  say("dictionary \(count) \(CrashpadInfo.setSimpleAnnotation("key 0", "changed"))")
}

private let contested = CrashAnnotation<[UInt8]>("contested", capacity: 300)
private let contestedRecords = CrashRingBuffer("contested records", capacity: 300)
private let contestedStream = CrashUserStream(type: 0x4b6b_0078, capacity: 300)

/// Threads that change the same annotations all the time. Every value is one letter, as often as the letter says.
func stormOfAnnotations(_ threads: Int) {
  for index in 0..<threads {
    startThread {
      var round = index
      while true {
        let value = lettersOf(round)
        contested.set(value)
        contestedStream.set(value)
        contestedRecords.push(value)
        CrashpadInfo.setSimpleAnnotation("contested", String(decoding: value, as: UTF8.self))
        round += 1
      }
    }
  }
  while !contested.set(lettersOf(0)) {}
  while !contestedRecords.push(lettersOf(0)) {}
  while !contestedStream.set(lettersOf(0)) {}
  while !CrashpadInfo.setSimpleAnnotation("contested", "a") {}
}

private func lettersOf(_ round: Int) -> [UInt8] {
  let letter = round % 26
  return [UInt8](repeating: UInt8(0x61 + letter), count: 1 + letter * 9)
}

/// Says how much heap a thousand changes take.
func countAllocations() {
  let text = "a text that is too long to be kept inside of the string itself"
  func change(_ rounds: Int) {
    for index in 0..<rounds {
      unset.set(text)
      negative.set(index)
      flag.set(index & 1 == 0)
      constant.set("constant")
      unset.clear()
      records.push(text)
    }
  }
  // The first time creates them.
  change(1)
  let before = zoo_heap_size()
  change(1000)
  say("allocated \(zoo_heap_size() &- before)")
}
