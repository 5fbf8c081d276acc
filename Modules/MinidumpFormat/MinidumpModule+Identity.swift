// Provides the identifiers by which debug information of a module is found.

extension MinidumpModule {
  /// What finds the binary: for ELF the whole build ID, for Windows timestamp and size, for Apple's the UUID; lower-case
  /// hex. nil when the dump does not say.
  ///
  /// - Parameter platform: of the dump: a PDB 7.0 record means different things on different systems.
  public func codeID(on platform: MinidumpPlatform?) -> String? {
    switch codeView {
    case .elfBuildID(let bytes):
      // Files without a build ID (fonts, `.art` and `.oat` files on Android) have zeros.
      return bytes.contains { $0 != 0 } ? MinidumpHex.lower(bytes) : nil
    case .pdb70(let guid, _, _) where platform == .macOS || platform == .iOS:
      if guid == .zero { return nil }
      return MinidumpHex.lower(UInt64(guid.data1), digits: 8) + MinidumpHex.lower(UInt64(guid.data2), digits: 4)
        + MinidumpHex.lower(UInt64(guid.data3), digits: 4) + MinidumpHex.lower(guid.data4, digits: 16)
    default:
      // Elsewhere the timestamp is 0, and Breakpad's old records of ELF modules lost the build ID.
      guard platform == .windowsNT || platform == .windows || platform == .win32s else { return nil }
      if timestamp == 0 && size == 0 { return nil }
      return MinidumpHex.lower(UInt64(timestamp), digits: 8) + String(size, radix: 16)
    }
  }

  /// What finds the debug information, in Breakpad's form: the GUID's 32 upper-case hex digits and the age in hex. nil
  /// when the dump does not say.
  public var debugID: String? {
    switch codeView {
    case .elfBuildID(let bytes):
      bytes.contains { $0 != 0 } ? MinidumpGUID(buildID: bytes).breakpadText + "0" : nil
    case .pdb70(let guid, let age, _):
      guid == .zero && age == 0 ? nil : guid.breakpadText + String(age, radix: 16)
    case .pdb20(_, let signature, let age, _):
      MinidumpHex.upper(UInt64(signature), digits: 8) + String(age, radix: 16)
    case .raw, nil: nil
    }
  }

  /// The file with the debug information: the PDB's name, for ELF the module's.
  public var debugFile: String? {
    switch codeView {
    case .elfBuildID: name
    case .pdb70(_, _, let file), .pdb20(_, _, _, let file): file
    case .raw, nil: nil
    }
  }

  public var addresses: MinidumpAddressRange { MinidumpAddressRange(start: base, size: UInt64(size)) }
}
