// Provides the doctor's trial of the system libraries that are opened when they are first needed.
internal import LinuxSystem
internal import Uploader

/// Opens each library as the modules do that use it.
enum LibraryTrial {
  static func checks() -> [DoctorCheck] {
    [curl(), certificates(), zlib()]
      + [
        open(
          "libunwind", ["libunwind-x86_64.so.8", "libunwind-x86_64.so"], function: "_Ux86_64_step",
          remedy: "install libunwind8; without it stacks are walked by our own code, with fewer frames"),
        open(
          "libelf", ["libelf.so.1", "libelf.so"], function: "elf_begin",
          remedy: "install libelf1; without it section tables are read by our own code"),
        open(
          "libdw", ["libdw.so.1", "libdw.so"], function: "dwfl_begin",
          remedy: "install libdw1; without it frames have no source lines"),
      ]
  }

  private static func curl() -> DoctorCheck {
    do throws(UploaderError) { return .good("libcurl", try HTTPClient().prepare()) } catch {
      return .bad(
        "libcurl", "\(error)",
        remedy:
          "install libcurl4, or bring it along: Scripts/install --bundle-libs; without it reports stay in the database, and nothing is sent"
      )
    }
  }

  private static func certificates() -> DoctorCheck {
    if let file = CertificateFile.find() { return .good("certificates", "\(file)") }
    return .weak(
      "certificates", "there is no file of certificates in any of the usual places",
      remedy:
        "install ca-certificates, or name a file by SSL_CERT_FILE or the SDK's option; without it no server that is"
        + " spoken to by https can be trusted, and reports stay in the database")
  }

  private static func zlib() -> DoctorCheck {
    do throws(UploaderError) {
      _ = try GzipSource.compress(Array("crashctl".utf8))
      return .good("zlib", "it compresses")
    } catch {
      return .weak("zlib", "\(error)", remedy: "install zlib1g; without it uploads are not compressed")
    }
  }

  private static func open(_ name: String, _ files: [String], function: String, remedy: String) -> DoctorCheck {
    do throws(DynamicLibrary.LoadError) {
      let library = try DynamicLibrary(anyOf: files)
      if library.symbol(function) == nil { return .weak(name, "it lacks \(function)", remedy: remedy) }
      return .good(name, "it loads")
    } catch {
      return .weak(name, "\(error)", remedy: remedy)
    }
  }
}
