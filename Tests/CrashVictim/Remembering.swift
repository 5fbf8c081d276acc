// Provides a death with a copy of the environment at hand.
import CLinuxShims
import LinuxSystem

/// Dies of SIGSEGV while the value of a variable of the environment lies on its stack and on its heap, each time with words
/// behind it that come from nowhere else.
func dieRemembering(_ name: String) {
  let value = EnvironmentVariable.value(name)?.bytes ?? []
  let copy = value + [0] + Array("beside the copy".utf8) + [0]
  withUnsafeTemporaryAllocation(byteCount: 8192, alignment: 16) { stack in
    stack.copyBytes(from: copy)
    // Its end and its beginning are in different pages.
    let heap = UnsafeMutableRawBufferPointer.allocate(byteCount: 3 * 4096, alignment: 4096)
    let place = 4096 - value.count / 2
    for (offset, byte) in copy.enumerated() { heap[place + offset] = byte }
    stack.storeBytes(of: UInt(bitPattern: heap.baseAddress) + UInt(place), toByteOffset: 4096, as: UInt.self)
    die("segv")
  }
}
