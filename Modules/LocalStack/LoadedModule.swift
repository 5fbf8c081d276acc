// Provides an executable or a library that is loaded into this process.
public import LinuxSystem

/// An executable, a shared library or the kernel's vDSO, as debug images of an event describe it.
public struct LoadedModule: Hashable, Sendable {
  /// The file; of the program itself what `/proc/self/exe` points to, of the vDSO `linux-vdso.so.1`.
  public let path: FilePath
  /// Where its first segment is loaded.
  public let base: UInt
  /// Bytes from `base` to the end of its last segment.
  public let size: UInt
  /// Its GNU build ID, usually 20 bytes; empty when it has none.
  public let buildID: [UInt8]

  /// A module that was found elsewhere; `size` in bytes.
  public init(path: FilePath, base: UInt, size: UInt, buildID: [UInt8]) {
    self.path = path
    self.base = base
    self.size = size
    self.buildID = buildID
  }

  /// Whether `address` lies in the module.
  public func contains(_ address: UInt) -> Bool { address >= base && address - base < size }
}
