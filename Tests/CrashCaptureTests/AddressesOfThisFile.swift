import CLinuxShims

/// The storage's addresses as this file sees them.
internal enum AddressesOfThisFile {
  static let record = UInt(bitPattern: crash_record_shared())
  static let path = UInt(bitPattern: crash_path())
}
