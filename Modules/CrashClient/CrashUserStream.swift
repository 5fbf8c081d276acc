// Provides bytes that every dump of this process takes along as a stream of its own.
internal import CLinuxShims

/// Bytes in fixed memory that every dump takes along as a stream of its own type, whichever Crashpad handler makes it.
///
/// Lives and is set like `CrashAnnotation`. Types below 0x10000 and those that a handler writes itself are left out of the
/// dump by handlers.
public struct CrashUserStream: Sendable {
  private let value: PublishedValue

  /// - Parameters:
  ///   - type: of the stream in the dump; Crashpad's embedders take their own range, such as 0x4b6b0000.
  ///   - capacity: bytes of the longest content, 1 to 16 MiB; longer ones are cut off. Memory that is never written
  ///     is never used.
  public init(type: UInt32, capacity: Int) {
    let capacity = min(max(capacity, 1), 16 << 20)
    let slots = 3
    // Its second and third word lie at 16 and are the pair.
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: 8 + MemoryLayout<crashpad_user_stream>.size + PublishedValue.size(capacity: capacity, slots: slots),
      alignment: 16)
    let node = (memory + 8).bindMemory(to: crashpad_user_stream.self, capacity: 1)
    node.initialize(to: crashpad_user_stream(next: 0, base: 0, size: 0, type: type, padding: 0))
    value = PublishedValue(
      publishedAt: memory + 16, in: memory + 8 + MemoryLayout<crashpad_user_stream>.size, capacity: capacity,
      slots: slots, tag: 0)
    crashpad_push_user_stream(node)
  }

  /// Sets the content to a copy of `bytes`.
  ///
  /// - Returns: `false` when several threads set this stream at the very same time and another's content stands.
  @discardableResult public func set(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBufferPointer { value.set(UnsafeRawBufferPointer($0)) }
  }

  /// Sets the content to a copy of `bytes`.
  @discardableResult public func set(bytes: UnsafeRawBufferPointer) -> Bool { value.set(bytes) }

  /// Takes the content back; dumps have no such stream until it is set again.
  public func clear() { value.clear() }
}
