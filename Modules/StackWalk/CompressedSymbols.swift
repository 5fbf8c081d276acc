// Provides the small symbol table that distributions leave in stripped programs, `.gnu_debugdata`.
internal import ELFImage
internal import LinuxSystem
internal import ProcessMemory

/// "Mini debug info": an ELF file with nothing but `.symtab`, compressed by xz, in a section of the stripped one.
///
/// Source: the chapter "MiniDebugInfo" of GDB's manual.
enum CompressedSymbols {
  /// The file in the file; `nil` without one, or without liblzma.
  static func file(in file: MappedELF) -> MappedELF? {
    guard let section = file.elf.section(named: ".gnu_debugdata"), let packed = file.content(of: section),
      let bytes = XZLibrary.shared?.unpack(packed.bytes)
    else { return nil }
    return MappedELF(MappedMemoryReader(UnsafeRawBufferPointer(bytes.memory), keepingAlive: bytes), path: file.path)
  }
}

/// Memory that is freed with the object.
final class OwnedBytes {
  private let whole: UnsafeMutableRawBufferPointer
  let memory: UnsafeMutableRawBufferPointer

  init(_ whole: UnsafeMutableRawBufferPointer, count: Int) {
    self.whole = whole
    memory = UnsafeMutableRawBufferPointer(rebasing: whole[..<count])
  }

  deinit { whole.deallocate() }
}

/// liblzma, opened when the first compressed symbol table is met. Optional.
struct XZLibrary: Sendable {
  // lzma/container.h; one call decodes a whole stream from memory to memory. The ABI is stable since 5.0.
  private typealias Decode =
    @convention(c) (
      UnsafeMutablePointer<UInt64>, UInt32, UnsafeRawPointer?, UnsafePointer<UInt8>, UnsafeMutablePointer<Int>, Int,
      UnsafeMutablePointer<UInt8>, UnsafeMutablePointer<Int>, Int
    ) -> Int32
  private let decode: Decode

  private static let memoryLimit: UInt64 = 128 << 20
  private static let outputLimit = 256 << 20
  private static let outputTooSmall: Int32 = 10  // LZMA_BUF_ERROR

  static let shared: XZLibrary? = {
    guard let library = try? DynamicLibrary(anyOf: ["liblzma.so.5"]),
      let address = library.symbol("lzma_stream_buffer_decode")
    else { return nil }
    return XZLibrary(decode: unsafeBitCast(address, to: Decode.self))
  }()

  /// The content of one xz stream; `nil` when it is damaged or larger than the limit.
  func unpack(_ packed: UnsafeRawBufferPointer) -> OwnedBytes? {
    guard let input = packed.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
    var size = max(64 << 10, min(packed.count, Self.outputLimit / 8) * 8)
    while size <= Self.outputLimit {
      let output = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
      var limit = Self.memoryLimit
      var read = 0
      var written = 0
      let result = output.withMemoryRebound(to: UInt8.self) { buffer -> Int32 in
        guard let start = buffer.baseAddress else { return -1 }
        return decode(&limit, 0, nil, input, &read, packed.count, start, &written, size)
      }
      if result == 0 { return OwnedBytes(output, count: written) }
      output.deallocate()
      guard result == Self.outputTooSmall else { return nil }
      size *= 4
    }
    return nil
  }
}
