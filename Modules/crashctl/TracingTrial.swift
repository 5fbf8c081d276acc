// Provides the doctor's trial of what a capture needs from the kernel: stopping a process and reading its memory.
internal import CLinuxShims
internal import LinuxSystem
internal import ProcessMemory
internal import ProcessSnapshot

/// Lets one child stop and read another, as a handler does with its client: neither is the other's parent.
enum TracingTrial {
  private static let patience: Int32 = 30_000
  /// What the reader has to find in the other process.
  private static let mark: UInt64 = 0x6372_6173_6863_746c

  static func checks() -> [DoctorCheck] {
    do throws(Errno) { return try run() } catch {
      return [.bad("ptrace", "no trial is possible: \(error)", remedy: "raise the limit of processes: ulimit -u")]
    }
  }

  private static func run() throws(Errno) -> [DoctorCheck] {
    let word = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
    word.pointee = mark
    defer { word.deallocate() }
    let address = UInt64(UInt(bitPattern: word))

    // The victim lives until the pipe's other end is closed, and says so when it is ready.
    let life = try Pipe.open()
    let ready = try Pipe.open()
    let answer = try Pipe.open()
    let lifeLine = OwnedFileDescriptor(owning: life.writing)
    let lifeEnd = OwnedFileDescriptor(owning: life.reading)
    let readyStart = OwnedFileDescriptor(owning: ready.writing)
    let readyEnd = OwnedFileDescriptor(owning: ready.reading)
    let answerStart = OwnedFileDescriptor(owning: answer.writing)
    let answerEnd = OwnedFileDescriptor(owning: answer.reading)

    let victim = try ChildProcess.fork {
      // Else neither pipe would ever end.
      _ = close(life.writing)
      _ = close(answer.writing)
      // As clients do; it fails where there is no Yama, and is not needed there.
      _ = linux_prctl(PR_SET_PTRACER, UInt(bitPattern: -1), 0, 0, 0)
      var byte: UInt8 = 1
      _ = write(ready.writing, &byte, 1)
      while read(life.reading, &byte, 1) < 0 {}
      return 0
    }
    defer {
      victim.send(signal: SIGKILL)
      _ = try? victim.wait()
    }
    _ = consume readyStart
    var byte: UInt8 = 0
    let number = readyEnd.rawValue
    _ = try retryingInterrupts { read(number, &byte, 1) }

    let tracer = try ChildProcess.fork {
      let text = trace(victim.processID, address)
      let bytes = Array(text.utf8)
      return bytes.withUnsafeBytes { write(answer.writing, $0.baseAddress, $0.count) } == bytes.count ? 0 : 1
    }
    _ = consume answerStart
    if try tracer.wait(milliseconds: patience) == nil {
      tracer.send(signal: SIGKILL)
      _ = try tracer.wait()
    }
    let said = String(decoding: try answerEnd.readToEnd(limit: 65536), as: UTF8.self)
    _ = consume lifeLine
    _ = consume lifeEnd
    return checks(of: said)
  }

  /// In the tracer: `ptrace\tREASON`, `memory\tREASON`, or `ok\tSTRATEGY\tREFUSALS`.
  private static func trace(_ process: Int32, _ address: UInt64) -> String {
    do throws(ProcessSnapshotError) {
      let stopped = try StoppedProcess.stop(process)
      let memory = MemoryAccess.open(process: stopped.processID, thread: stopped.representative)
      let value = try? memory.reader.readUInt64(at: address)
      stopped.detach()
      let refusals = memory.refusals.map { "\($0.strategy): \($0.reason)" }.joined(separator: ", ")
      if value != mark { return "memory\t\(refusals)" }
      return "ok\t\(memory.strategy)\t\(refusals)"
    } catch {
      return "ptrace\t\(error)"
    }
  }

  private static func checks(of answer: String) -> [DoctorCheck] {
    let words = answer.split(separator: "\t", omittingEmptySubsequences: false).map { String($0) }
    let yama = (try? FileSystem.read("/proc/sys/kernel/yama/ptrace_scope", limit: 16)).map {
      String(decoding: $0.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
    let scope = yama.map { "kernel.yama.ptrace_scope is \($0)" } ?? "there is no Yama"
    switch words.first {
    case "ok" where words.count == 3:
      let refused = words[2].isEmpty ? "" : "; refused: \(words[2])"
      return [
        .good("ptrace", "a process can stop another that allows it; \(scope)"),
        .good(
          "memory", "read by \(words[1])\(refused)",
          remedy: words[2].isEmpty ? nil : "captures are slower so; let the sandbox allow process_vm_readv(2)"),
      ]
    case "memory" where words.count == 2:
      return [
        .good("ptrace", "a process can stop another that allows it; \(scope)"),
        .bad("memory", "no way to read it works: \(words[1])", remedy: "let the sandbox allow process_vm_readv(2)"),
      ]
    case "ptrace" where words.count == 2:
      let remedy =
        switch yama {
        case "3": "kernel.yama.ptrace_scope=3 forbids ptrace until the next boot; boot with a lower value"
        case "2": "run the handler with CAP_SYS_PTRACE, or set kernel.yama.ptrace_scope to 1"
        default: "allow ptrace(2): containers by --cap-add=SYS_PTRACE or a seccomp profile that permits it"
        }
      return [.bad("ptrace", "\(words[1]); \(scope)", remedy: remedy)]
    default:
      return [
        .bad(
          "ptrace", "the process that tried was killed; \(scope)",
          remedy: "allow ptrace(2): a sandbox (seccomp) kills whoever calls it")
      ]
    }
  }
}
