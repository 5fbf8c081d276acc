// Provides the doctor's look at a database.
internal import CLinuxShims
internal import CrashDatabase
internal import LinuxSystem

/// Looks at a database without making one.
enum DatabaseTrial {
  /// Room for a few dumps, in bytes.
  private static let enough: UInt64 = 64 << 20

  static func checks(_ path: FilePath) -> [DoctorCheck] {
    let exists = FileSystem.isDirectory(path)
    // What is missing is made by the handler, in the nearest folder that is there.
    var folder = path
    while !FileSystem.exists(folder), folder != folder.directory { folder = folder.directory }
    if !FileSystem.isDirectory(folder) {
      return [.bad("database", "\(folder) is no folder", remedy: "name another folder")]
    }
    let trial = folder.appending("crashctl-doctor-\(UniqueID.random()).tmp")
    do throws(Errno) {
      try FileSystem.write([0], to: trial)
      try FileSystem.remove(trial)
    } catch {
      return [
        .bad(
          "database", "\(folder) cannot be written: \(error)",
          remedy: "give the application's user the right to write there, or choose a writable mount")
      ]
    }
    var checks: [DoctorCheck] = [
      .good("database", exists ? "\(path) can be written" : "\(path) does not exist yet and can be made")
    ]
    if let space = space(folder) { checks.append(space) }
    if exists, CrashDatabase.exists(at: path) { checks += contents(path) }
    return checks
  }

  private static func space(_ folder: FilePath) -> DoctorCheck? {
    var system = statvfs()
    guard folder.withCString({ statvfs($0, &system) }) == 0 else { return nil }
    let (free, overflow) = UInt64(system.f_bavail).multipliedReportingOverflow(by: UInt64(system.f_frsize))
    let bytes = overflow ? UInt64.max : free
    let text = "\(bytes >> 20) MiB are free"
    if bytes < enough {
      return .bad("database_space", text, remedy: "make room: a report takes from 100 KiB to several MiB")
    }
    // Some file systems count no inodes at all.
    if system.f_files > 0, system.f_favail == 0 {
      return .bad("database_space", "\(text), but no inode", remedy: "remove files from this file system")
    }
    return .good("database_space", text)
  }

  private static func contents(_ path: FilePath) -> [DoctorCheck] {
    do throws(CrashDatabaseError) {
      let database = try CrashDatabase(path: path, create: false)
      let waiting = try database.survey().filter { $0.stage != .completed }
      var checks: [DoctorCheck] = []
      // Reading the settings would make them.
      if FileSystem.isRegularFile(path.appending("settings.dat")) {
        let settings = try database.settings.read()
        if !settings.uploadsEnabled {
          checks.append(
            .weak(
              "uploads", "uploads are disabled in the settings: reports stay here",
              remedy: "give consent in the application, or: crashctl db \(path) settings --uploads on"))
        } else if settings.uploadsPaused {
          checks.append(.weak("uploads", "uploads are paused until the user consents", remedy: "give consent"))
        } else {
          checks.append(.good("uploads", "uploads are enabled"))
        }
      }
      let failed = waiting.filter { $0.metadata.uploadAttempts > 0 }.count
      let detail = "\(waiting.count) reports wait for their upload" + (failed > 0 ? ", \(failed) after failures" : "")
      checks.append(
        failed > 0
          ? .weak("pending_reports", detail, remedy: "see crashctl db \(path) list, and try the server with --dsn")
          : .good("pending_reports", detail))
      return checks
    } catch {
      return [.bad("database_contents", "\(error)", remedy: "give the application's user the right to read and write")]
    }
  }
}
