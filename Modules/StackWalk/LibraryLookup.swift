// Provides the callback by which tables of C functions are filled.
internal import LinuxSystem

/// Looks a symbol up in the `DynamicLibrary` that `argument` points to: the callback of the C tables.
func lookup(_ name: UnsafePointer<CChar>, _ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  argument?.assumingMemoryBound(to: DynamicLibrary.self).pointee.symbol(String(cString: name))
}
