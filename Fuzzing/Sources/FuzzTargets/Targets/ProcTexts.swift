// Provides the fuzz target of texts out of /proc, in which a process can choose names and paths.
@testable import ProcessSnapshot

let procTexts = FuzzTarget(
  name: "proc-texts",
  seeds: {
    let texts: [(String, String)] = [
      (
        "maps",
        """
        555555554000-555555556000 r--p 00000000 08:01 131 /usr/bin/cat
        555555556000-55555555b000 r-xp 00002000 08:01 131 /usr/bin/cat\\012x (deleted)
        7ffff7fc1000-7ffff7fc3000 r-xp 00000000 00:00 0 [vdso]
        7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0 [stack]
        ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]

        """
      ),
      ("stat", "123 (a) b) S 1 123 123 0 -1 4194560 90 0 0 0 7 8 0 0 20 0 1 0 12345 1 2 18446744073709551615\n"),
      ("status", "Name:\tx\nPPid:\t1\nTracerPid:\t0\nUid:\t0\t0\t0\t0\nNSpid:\t123\t1\n"), ("cpus", "0-3,7,9-11\n"),
      ("syscall", "202 0x7f00 0x80 0x0 0x0 0x0 0x0 0x7ffd0 0x7f01\n"), ("syscall-without", "-1 0x7ffd0 0x7f01\n"),
    ]
    var seeds = texts.map { (name: $0.0, bytes: Array($0.1.utf8)) }
    var auxv: [UInt8] = []
    for value: UInt64 in [33, 0x7fff_f7fc_1000, 3, 0x5555_5555_4040, 7, 0x7fff_f7fc_3000, 0, 0] { auxv.append(value) }
    seeds.append(("auxv", auxv))
    return seeds
  },
  body: { bytes in
    let text = [UInt8](bytes)
    use(ThreadStatistics(text))
    use(BlockedThread(text))
    let status = StatusFile(text)
    for name in ["PPid", "TracerPid", "Uid", "NSpid"] as [StaticString] { use(status.numbers(name)) }
    use(CPUList(text).map { $0.count })
    for wide in [true, false] { use(AuxiliaryVector(text, is64Bit: wide)[AuxiliaryVector.programHeaders]) }
    guard case .parsed(let map) = MemoryMap.parse(text) else { return }
    var windows = MemoryWindows(map: map)
    for mapping in map.mappings {
      for address in [mapping.range.start, mapping.range.end, mapping.range.end &- 1, mapping.range.start &- 1] {
        use(map.mapping(of: address))
        use(map.stack(at: address, threadPointer: address &+ 4096, redZone: true, limit: 1 << 20))
        use(map.stack(at: address, threadPointer: 0, redZone: false, limit: 0))
        windows.add(around: address, size: 512, before: 128)
      }
    }
    for index in map.mappings.indices { use(map.fileStart(of: index, atOrBefore: index)) }
    use(windows.merged(without: map.mappings.prefix(4).map { $0.range }))
  })
