// Provides what a Crashpad client keeps in its memory for the handler: annotations, streams and wishes.
public import ProcessMemory

/// A key and a value of a client's fixed dictionary.
public struct CrashpadSimpleAnnotation: Hashable, Sendable {
  /// At most 256 bytes each, usually UTF-8.
  public let key: [UInt8]
  public let value: [UInt8]
}

/// A named value of a client.
public struct CrashpadAnnotation: Hashable, Sendable {
  public let name: [UInt8]
  /// 1 string; from 0x8000 on the client's own.
  public let kind: UInt16
  /// At most 20480 bytes.
  public let value: [UInt8]

  public static let string: UInt16 = 1
}

/// Annotations of one module that has a Crashpad client in it.
public struct CrashpadAnnotations: Hashable, Sendable {
  /// In the order of their keys, each once.
  public var simple: [CrashpadSimpleAnnotation] = []
  /// The latest first. Names may repeat.
  public var objects: [CrashpadAnnotation] = []

  public init() {}
  public var isEmpty: Bool { simple.isEmpty && objects.isEmpty }
}

/// A stream that a client wants in its dump.
public struct CrashpadUserStream: Hashable, Sendable {
  public let type: UInt32
  public let bytes: [UInt8]
}

/// What clients ask of the handler. The first module that has an opinion wins.
public struct CrashpadClientOptions: Hashable, Sendable {
  /// Whether there shall be a report at all; `nil` when nobody said.
  public var isHandlerEnabled: Bool?
  /// Whether memory around the registers of all threads is wanted; `nil` when nobody said.
  public var gathersIndirectMemory: Bool?
  /// Bytes of that memory, of all threads together.
  public var indirectMemoryLimit: UInt64 = 0
  /// Bytes of each thread's stack that are wanted at most; `nil` when nobody said.
  public var stackLimit: UInt64?
  /// Memory that is wanted in the dump, of all modules together.
  public var extraMemory: [AddressRange] = []

  public init() {}
}
