// Provides a process in a known state, and captures of it.
import LinuxSystem
import ProcessMemory
import ProcessSnapshot
import SentryNativeTesting
import Testing

/// The fixture in one of its modes, ended with the object.
final class Fixture {
  let process: RunningProcess
  /// What stands behind `ready`.
  let words: [String]

  init(_ arguments: String..., executable: FilePath? = nil) throws {
    process = try RunningProcess(
      executable ?? FileSystem.executable().directory.appending("SnapshotFixture"), arguments)
    try process.waitForOutput(containing: "ready")
    try process.waitForOutput(containing: "\n")
    words = process.output.split { $0 == " " || $0 == "\n" }.dropFirst().map { String($0) }
  }

  deinit { process.end() }

  var processID: Int32 { process.processID }
  func address(_ index: Int) throws -> UInt64 { try #require(UInt64(words[index], radix: 16)) }
  func number(_ index: Int) throws -> Int32 { try #require(Int32(words[index])) }

  func capture(_ request: ExceptionRequest? = nil, limits: CaptureLimits = CaptureLimits()) throws -> ProcessSnapshot {
    let stopped = try StoppedProcess.stop(processID)
    return ProcessSnapshot.capture(stopped, request: request, limits: limits)
  }

  /// With the request that the fixture's signal handler announced.
  func captureCrash(limits: CaptureLimits = CaptureLimits()) throws -> ProcessSnapshot {
    try capture(ExceptionRequest(informationAddress: address(0), stackAddress: address(1)), limits: limits)
  }

  /// The fields of `/proc/PID/task/TID/stat` behind the name.
  func state(of thread: Int32? = nil) throws -> Character {
    let text = String(
      decoding: try FileSystem.read(FilePath("/proc/\(processID)/task/\(thread ?? processID)/stat")), as: UTF8.self)
    return try #require(text.split(separator: ")").last?.dropFirst().first)
  }

  func tracer() throws -> String {
    let text = String(decoding: try FileSystem.read(FilePath("/proc/\(processID)/status")), as: UTF8.self)
    return try #require(text.split(separator: "\n").first { $0.hasPrefix("TracerPid:") }).split(separator: "\t")[1]
      .description
  }
}

/// A register that holds the byte eight times.
func repeated(_ byte: UInt8) -> UInt64 { UInt64(byte) &* 0x0101_0101_0101_0101 }

func expectKnownRegisters(_ registers: GeneralRegisters) {
  #expect(registers.rax == repeated(1))
  #expect(registers.rbx == repeated(2))
  #expect(registers.rcx == repeated(3))
  #expect(registers.rdx == repeated(4))
  #expect(registers.rsi == repeated(5))
  #expect(registers.rdi == repeated(6))
  #expect(registers.rbp == repeated(7))
  #expect(registers.r8 == repeated(8))
  #expect(registers.r9 == repeated(9))
  #expect(registers.r10 == repeated(10))
  #expect(registers.r11 == repeated(11))
  #expect(registers.r12 == repeated(12))
  #expect(registers.r13 == repeated(13))
  #expect(registers.r14 == repeated(14))
  #expect(registers.r15 == repeated(15))
}

/// xmm0 to xmm15 in the FXSAVE image; the upper halves of ymm at their place in the standard XSAVE format.
func expectKnownVectors(_ context: CPUContext, avx: Bool) throws {
  try #require(context.floatingPoint.count == 512)
  for index in 0..<16 {
    let lower = Array(context.floatingPoint[(160 + 16 * index)..<(176 + 16 * index)])
    #expect(lower == [UInt8](repeating: 0xa0 + UInt8(index), count: 16), "xmm\(index)")
  }
  guard avx else { return }
  try #require(context.extendedState.count >= 832)
  #expect(context.extendedFeatures & 4 == 4)
  for index in 0..<16 {
    let upper = Array(context.extendedState[(576 + 16 * index)..<(592 + 16 * index)])
    #expect(upper == [UInt8](repeating: 0xb0 + UInt8(index), count: 16), "ymm\(index)")
  }
}
