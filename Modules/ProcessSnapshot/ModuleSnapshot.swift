// Provides what a loaded module looked like.
public import LinuxSystem
public import ProcessMemory

/// An ELF image in the process.
public struct ModuleSnapshot: Hashable, Sendable {
  public enum Kind: Hashable, Sendable { case executable, sharedLibrary, dynamicLoader, vdso }

  public var kind: Kind
  /// From the first loaded segment to the end of the last.
  public var range: AddressRange
  public var loadBias: UInt64
  /// The file, as the link map or the mapping names it; for the vdso its SONAME. May end in ` (deleted)`.
  public var path: FilePath
  /// DT_SONAME; empty when there is none, or when it was not asked for (`CaptureLimits.readsSonames`).
  public var soname: [UInt8]
  /// GNU build ID, read from memory; empty when there is none.
  public var buildID: [UInt8]
  /// Address of the dynamic section; 0 when there is none.
  public var dynamicAddress: UInt64
  /// Where the ELF header lies.
  public var headerAddress: UInt64
  /// What a Crashpad client in this module wants to be known; `nil` without one.
  public var annotations: CrashpadAnnotations?

  public init(
    kind: Kind, range: AddressRange, loadBias: UInt64, path: FilePath, soname: [UInt8] = [], buildID: [UInt8] = [],
    dynamicAddress: UInt64 = 0, headerAddress: UInt64
  ) {
    self.kind = kind
    self.range = range
    self.loadBias = loadBias
    self.path = path
    self.soname = soname
    self.buildID = buildID
    self.dynamicAddress = dynamicAddress
    self.headerAddress = headerAddress
  }
}

/// How the modules were found.
public enum ModuleSource: Hashable, Sendable {
  /// The dynamic loader's list.
  case linkMap
  /// The mappings: there is no list (static executable) or it is damaged.
  case mappings
  /// The list, and mappings that it lacks.
  case linkMapAndMappings
}
