// Provides what a fuzz target is.

/// A parser of bytes that somebody else made, driven by any bytes at all. It must not trap, hang, or take more memory
/// than its documentation allows; what it returns is free.
struct FuzzTarget: Sendable {
  let name: String
  /// Valid inputs, small.
  let seeds: @Sendable () -> [(name: String, bytes: [UInt8])]
  /// Changes the first `size` bytes into another input that keeps the format's structure; returns its size, at most the
  /// buffer's. nil for libFuzzer's own mutations.
  var mutate: (@convention(c) (UnsafeMutablePointer<UInt8>?, Int, Int, UInt32) -> Int)?
  let body: @Sendable (UnsafeRawBufferPointer) -> Void
}

/// Keeps the optimiser from dropping a result that nobody uses.
@inline(never) func use<T: ~Copyable>(_ value: borrowing T) {}
