// Provides the modules of a process as a walker needs them.
public import LinuxSystem
import StableOrder

/// An executable or a shared library that was mapped into the process.
public struct CodeModule: Hashable, Sendable {
  /// Where its ELF header was mapped.
  public var base: UInt64
  /// Bytes from `base` to the end of its last mapping.
  public var size: UInt64
  /// The file that was mapped, as the process saw it.
  public var path: FilePath
  /// Its GNU build ID; empty when it is unknown. A file is used only if its own is the same.
  public var buildID: [UInt8]

  /// A module that is mapped at an address; the build ID is empty where there is none.
  public init(base: UInt64, size: UInt64, path: FilePath, buildID: [UInt8]) {
    self.base = base
    self.size = size
    self.path = path
    self.buildID = buildID
  }

  /// Whether `address` lies in the module. Never traps, whatever the numbers are.
  public func contains(_ address: UInt64) -> Bool { address >= base && address &- base < size }
}

/// The modules of a process, ordered for lookup by address.
struct ModuleList {
  private(set) var modules: [CodeModule]

  /// More modules than this are dropped: no process has them, a hostile dump does.
  static let limit = 16_384

  init(_ modules: [CodeModule]) {
    self.modules = modules.prefix(Self.limit).filter { $0.size > 0 }.sorted { $0.base < $1.base }
  }

  /// The index of the module with the highest base that is not above `address`, whether it reaches that far or not:
  /// some producers of dumps count only the first mapping of a module.
  func nearest(below address: UInt64) -> Int? {
    let low = modules.partitioningIndex { $0.base > address }
    return low > 0 ? low - 1 : nil
  }
}
