// Provides named values that every dump of this process takes along.
internal import CLinuxShims

/// What the bytes of an annotation are.
///
/// Source: Crashpad's annotations; docs/formats/process-snapshot.md.
public struct CrashAnnotationKind: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt16
  public init(rawValue: UInt16) { self.rawValue = rawValue }
  /// Text that every reader shows, and that handlers upload as a form field.
  public static let string = CrashAnnotationKind(rawValue: 1)
  /// Bytes of the application's own. Further kinds of its own follow up to 0xffff.
  public static let bytes = CrashAnnotationKind(rawValue: 0x8000)
}

/// A type whose values can be annotations.
public protocol CrashAnnotationValue {
  static var annotationKind: CrashAnnotationKind { get }
  /// Bytes that an annotation has room for, where its creator does not say.
  static var annotationCapacity: Int { get }
  /// Calls `body` with the bytes of the value, without allocating memory.
  func withAnnotationBytes(capacity: Int, _ body: (UnsafeRawBufferPointer) -> Bool) -> Bool
}

/// A named value in fixed memory that every dump of this process takes along, whichever Crashpad handler makes it.
///
/// Create it once, usually as a `static let`: it exists until the process ends, and its name should be unique. Setting it
/// never waits, never allocates, and may be done on any thread and in a signal handler: a dump has the value before or the
/// value after, never a mixture. Handlers look at the latest 400 annotations of a program.
///
/// ```swift
/// static let page = CrashAnnotation<String>("page")
/// page.set("checkout")
/// ```
public struct CrashAnnotation<Value: CrashAnnotationValue>: Sendable {
  private let value: PublishedValue

  /// The longest value that handlers read, in bytes.
  public static var maximumCapacity: Int { Int(CRASHPAD_MAXIMUM_VALUE) }

  /// - Parameters:
  ///   - name: 1 to 255 bytes; what is beyond is cut off.
  ///   - capacity: bytes of the longest value, 1 to 20480; longer ones are cut off.
  public init(_ name: String, capacity: Int = Value.annotationCapacity) {
    value = AnnotationNode.make(
      name: Array(name.utf8), kind: Value.annotationKind.rawValue,
      capacity: min(max(capacity, 1), Self.maximumCapacity))
  }

  /// Sets the value. An empty one counts as none.
  ///
  /// - Returns: `false` when several threads set this annotation at the very same time and another's value stands.
  @discardableResult public func set(_ new: Value) -> Bool {
    new.withAnnotationBytes(capacity: value.capacity) { value.set($0) }
  }

  /// Sets the value to a copy of `bytes`.
  @discardableResult public func set(bytes: UnsafeRawBufferPointer) -> Bool { value.set(bytes) }

  /// Takes the value back; dumps do not show the annotation until it is set again.
  public func clear() { value.clear() }
}

/// The memory of one annotation: the node, and behind it what the node leads to.
private enum AnnotationNode {
  /// Threads that can set one annotation at the same time, and one for the value that stands.
  static let slots = 4

  static func make(name: [UInt8], kind: UInt16, capacity: Int) -> PublishedValue {
    let nodeSize = MemoryLayout<crashpad_annotation>.size
    let name = name.prefix { $0 != 0 }.prefix(Int(CRASHPAD_MAXIMUM_NAME))
    // The claims behind the name are words of four bytes.
    let nameSize = (name.count + 1 + 3) & ~3
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: nodeSize + nameSize + PublishedValue.size(capacity: capacity, slots: slots), alignment: 16)
    let text = memory + nodeSize
    for (offset, byte) in name.enumerated() { text.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self) }
    text.storeBytes(of: 0, toByteOffset: name.count, as: UInt8.self)
    let node = memory.bindMemory(to: crashpad_annotation.self, capacity: 1)
    node.initialize(
      to: crashpad_annotation(
        link: nil, name: text, value: nil, size: 0, kind: kind, guard_mode: 0, guard_state: 0))
    let value = PublishedValue(
      publishedAt: memory + 16, in: text + nameSize, capacity: capacity, slots: slots, tag: UInt64(kind) << 32)
    crashpad_push_annotation(node)
    return value
  }
}
