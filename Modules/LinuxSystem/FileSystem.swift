// Provides operations on files by path.
internal import CLinuxShims

/// What `stat(2)` says of a file.
public struct FileStatus: Sendable {
  public enum Kind: Sendable { case regular, directory, symbolicLink, other }
  public let kind: Kind
  /// Bytes.
  public let size: Int64
  /// Permission bits.
  public let permissions: UInt32
  /// Device and inode identify the file.
  public let device: UInt64
  public let inode: UInt64
  /// Names that the file has.
  public let links: UInt64
  public let modified: Timestamp

  internal init(_ record: stat) {
    kind =
      if linux_mode_is_regular(record.st_mode) != 0 { .regular } else if linux_mode_is_directory(record.st_mode) != 0 {
        .directory
      } else if linux_mode_is_link(record.st_mode) != 0 { .symbolicLink } else { .other }
    size = Int64(record.st_size)
    permissions = UInt32(record.st_mode & 0o7777)
    device = UInt64(record.st_dev)
    inode = UInt64(record.st_ino)
    links = UInt64(record.st_nlink)
    modified = Timestamp(seconds: Int64(record.st_mtim.tv_sec), nanoseconds: Int32(record.st_mtim.tv_nsec))
  }
}

/// Operations on files by path. Descriptors are opened close-on-exec and never become a controlling terminal.
public enum FileSystem {
  /// How a file is opened. Combines as a set.
  public struct OpenOptions: OptionSet, Sendable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }
    /// Without `write`, files are opened for reading.
    public static let write = OpenOptions(rawValue: O_WRONLY)
    public static let readWrite = OpenOptions(rawValue: O_RDWR)
    public static let create = OpenOptions(rawValue: O_CREAT)
    /// Together with `create`: fail when the file exists.
    public static let exclusive = OpenOptions(rawValue: O_EXCL)
    public static let truncate = OpenOptions(rawValue: O_TRUNC)
    public static let append = OpenOptions(rawValue: O_APPEND)
    public static let directory = OpenOptions(rawValue: O_DIRECTORY)
    /// Opening a FIFO or a device does not wait for its other end.
    public static let nonBlocking = OpenOptions(rawValue: O_NONBLOCK)
    public static let noFollow = OpenOptions(rawValue: O_NOFOLLOW)
  }

  /// - Parameter mode: permissions of a file that is created, before the umask.
  public static func open(
    _ path: FilePath, _ options: OpenOptions = [], mode: UInt32 = 0o600
  ) throws(Errno) -> OwnedFileDescriptor {
    let flags = options.rawValue | O_CLOEXEC | O_NOCTTY
    let number = try path.withCString { (name) throws(Errno) -> Int32 in
      try retryingInterrupts { linux_open(name, flags, mode) }
    }
    return OwnedFileDescriptor(owning: number)
  }

  /// The whole file, at most `limit` bytes (`Errno.fileTooLarge` beyond that).
  ///
  /// - Parameter endsShort: whether the file ends where a read gives less than was asked for, as the kernel's small text
  ///   files do: that saves one call.
  public static func read(
    _ path: FilePath, limit: Int = 64 << 20, endsShort: Bool = false
  ) throws(Errno) -> [UInt8] {
    try open(path).readToEnd(limit: limit, endsShort: endsShort)
  }

  /// Opens a regular file in a folder that others may write to: no link is followed, no pipe or device waited for.
  ///
  /// - Throws: `Errno.invalidArgument` for anything that is no regular file; ELOOP for a symbolic link.
  public static func openRegular(
    _ path: FilePath, _ options: OpenOptions = [], mode: UInt32 = 0o600
  ) throws(Errno) -> OwnedFileDescriptor {
    let file = try open(path, options.union([.noFollow, .nonBlocking]), mode: mode)
    guard try file.status().kind == .regular else { throw .invalidArgument }
    return file
  }

  /// The whole file as `openRegular` finds it, at most `limit` bytes (`Errno.fileTooLarge` beyond that).
  @inline(never)
  public static func readRegular(_ path: FilePath, limit: Int) throws(Errno) -> [UInt8] {
    try openRegular(path).readToEnd(limit: limit)
  }

  /// The whole regular file to which a path leads, over links too; for paths that somebody was given. No pipe or device
  /// is waited for.
  ///
  /// - Throws: `Errno.invalidArgument` for anything that is no regular file, `Errno.fileTooLarge` beyond `limit` bytes.
  public static func readTarget(of path: FilePath, limit: Int) throws(Errno) -> [UInt8] {
    let file = try open(path, [.nonBlocking])
    guard try file.status().kind == .regular else { throw .invalidArgument }
    return try file.readToEnd(limit: limit)
  }

  /// Creates or replaces the content of `path` in place: readers may see a part of it.
  public static func write(_ bytes: [UInt8], to path: FilePath, mode: UInt32 = 0o600) throws(Errno) {
    let file = try open(path, [.write, .create, .truncate], mode: mode)
    try file.writeAll(bytes)
  }

  /// Replaces `path` by a file with this content in one step: readers see the old content or the new one.
  public static func replace(_ path: FilePath, with bytes: [UInt8], mode: UInt32 = 0o600) throws(Errno) {
    let temporary = path.addingSuffix(".\(getpid()).\(linux_gettid()).tmp")
    do throws(Errno) {
      let file = try createAnew(temporary, mode: mode)
      try file.writeAll(bytes)
      try rename(temporary, to: path)
    } catch {
      try? remove(temporary)
      throw error
    }
  }

  /// Says when a file was last changed, in seconds since 1970. A symbolic link itself, not what it names.
  public static func setModified(_ path: FilePath, seconds: Int) throws(Errno) {
    // The times of the last access and of the last change.
    let times = [timespec](repeating: timespec(tv_sec: seconds, tv_nsec: 0), count: 2)
    let result = path.withCString { utimensat(AT_FDCWD, $0, times, AT_SYMLINK_NOFOLLOW) }
    if result != 0 { throw .current }
  }

  /// A new file, whatever is called so: what another process of this number left behind, or somebody's link, goes.
  private static func createAnew(_ path: FilePath, mode: UInt32) throws(Errno) -> OwnedFileDescriptor {
    do throws(Errno) {
      return try open(path, [.write, .create, .exclusive], mode: mode)
    } catch .fileExists {
      try remove(path)
      return try open(path, [.write, .create, .exclusive], mode: mode)
    }
  }

  public static func rename(_ path: FilePath, to target: FilePath) throws(Errno) {
    try path.withCString { (old) throws(Errno) in
      try target.withCString { (new) throws(Errno) in
        _ = try retryingInterrupts { CLinuxShims.rename(old, new) }
      }
    }
  }

  /// Renames, but never onto something that is there (`Errno.fileExists`): `renameat2(2)` with RENAME_NOREPLACE.
  ///
  /// - Throws: `Errno.invalidArgument` where the file system cannot do that (NFS, old FUSE).
  public static func renameExclusively(_ path: FilePath, to target: FilePath) throws(Errno) {
    try path.withCString { (old) throws(Errno) in
      try target.withCString { (new) throws(Errno) in
        _ = try retryingInterrupts { linux_renameat2(AT_FDCWD, old, AT_FDCWD, new, 1 /* RENAME_NOREPLACE */) }
      }
    }
  }

  /// Gives a file a second name, never one that is taken (`Errno.fileExists`): `linkat(2)`.
  public static func link(_ path: FilePath, to target: FilePath) throws(Errno) {
    try path.withCString { (old) throws(Errno) in
      try target.withCString { (new) throws(Errno) in
        _ = try retryingInterrupts { linkat(AT_FDCWD, old, AT_FDCWD, new, 0) }
      }
    }
  }

  /// Removes a file or a symbolic link: `unlink(2)`.
  public static func remove(_ path: FilePath) throws(Errno) {
    try path.withCString { (name) throws(Errno) in _ = try retryingInterrupts { unlink(name) } }
  }

  /// Removes an empty directory: `rmdir(2)`.
  public static func removeDirectory(_ path: FilePath) throws(Errno) {
    try path.withCString { (name) throws(Errno) in _ = try retryingInterrupts { rmdir(name) } }
  }

  /// Removes a directory with everything in it. Symbolic links are removed, not followed.
  public static func removeTree(_ path: FilePath) throws(Errno) {
    for name in try entries(of: path) {
      let entry = path.appending(bytes: name)
      if try status(entry, followLinks: false).kind == .directory {
        try removeTree(entry)
      } else {
        try remove(entry)
      }
    }
    try removeDirectory(path)
  }

  public static func createDirectory(_ path: FilePath, mode: UInt32 = 0o700) throws(Errno) {
    try path.withCString { (name) throws(Errno) in _ = try retryingInterrupts { mkdir(name, mode) } }
  }

  /// Creates `path` and what is missing above it; a directory that is there already is no error.
  public static func createDirectories(_ path: FilePath, mode: UInt32 = 0o700) throws(Errno) {
    do throws(Errno) {
      try createDirectory(path, mode: mode)
    } catch .fileExists {
      if try status(path).kind != .directory { throw .notDirectory }
    } catch .noSuchFile {
      let parent = path.directory
      if parent == path { throw .noSuchFile }
      try createDirectories(parent, mode: mode)
      // Not this function again: /proc says ENOENT to every mkdir, though the parent is there.
      do throws(Errno) {
        try createDirectory(path, mode: mode)
      } catch .fileExists {
        if try status(path).kind != .directory { throw .notDirectory }
      }
    }
  }

  @inline(never)
  public static func status(_ path: FilePath, followLinks: Bool = true) throws(Errno) -> FileStatus {
    var record = stat()
    try path.withCString { (name) throws(Errno) in
      _ = try retryingInterrupts { followLinks ? stat(name, &record) : lstat(name, &record) }
    }
    return FileStatus(record)
  }

  /// Whether there is a regular file (or a link to one).
  public static func isRegularFile(_ path: FilePath) -> Bool { (try? status(path))?.kind == .regular }
  public static func isDirectory(_ path: FilePath) -> Bool { (try? status(path))?.kind == .directory }
  public static func exists(_ path: FilePath) -> Bool { (try? status(path, followLinks: false)) != nil }

  /// Whether this process may execute the file: `access(2)` with X_OK.
  public static func isExecutable(_ path: FilePath) -> Bool { path.withCString { access($0, X_OK) == 0 } }

  /// Names in a directory in the file system's order, without `.` and `..`.
  public static func entries(of path: FilePath) throws(Errno) -> [[UInt8]] {
    let stream = try path.withCString { (name) throws(Errno) -> OpaquePointer in
      guard let stream = opendir(name) else { throw .current }
      return stream
    }
    defer { _ = closedir(stream) }
    var names: [[UInt8]] = []
    while true {
      linux_set_errno(0)
      guard let entry = readdir(stream) else {
        let error = Errno.current
        if error.rawValue != 0 { throw error }
        return names
      }
      let name = FilePath(cString: linux_dirent_name(entry)).bytes
      if name != [UInt8(ascii: ".")] && name != [UInt8(ascii: "."), UInt8(ascii: ".")] { names.append(name) }
    }
  }

  /// The absolute path without links, `.` and `..`: `realpath(3)`.
  public static func resolve(_ path: FilePath) throws(Errno) -> FilePath {
    try path.withCString { (name) throws(Errno) -> FilePath in
      guard let resolved = realpath(name, nil) else { throw .current }
      defer { free(resolved) }
      return FilePath(cString: resolved)
    }
  }

  /// The target of a symbolic link, not resolved further.
  public static func linkTarget(_ path: FilePath) throws(Errno) -> FilePath {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = try path.withCString { (name) throws(Errno) -> Int in
      try buffer.withUnsafeMutableBufferPointer { (target) throws(Errno) -> Int in
        guard let base = target.baseAddress else { throw .invalidArgument }
        let text = UnsafeMutableRawPointer(base).assumingMemoryBound(to: CChar.self)
        return try retryingInterrupts { readlink(name, text, target.count) }
      }
    }
    return FilePath(bytes: buffer[..<count])
  }

  /// The file that this process executes: `/proc/self/exe`.
  public static func executable() throws(Errno) -> FilePath { try linkTarget("/proc/self/exe") }

  /// Where files that live for a moment belong: `$TMPDIR`, or `/tmp` where that is unset or empty. Nothing is checked.
  public static var temporaryDirectory: FilePath {
    EnvironmentVariable.value("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
  }

  public static func currentDirectory() throws(Errno) -> FilePath { try resolve(".") }

  /// Flushes a directory, so that a name made or renamed in it survives a power loss.
  public static func synchronizeDirectory(_ path: FilePath) throws(Errno) {
    try open(path, [.directory]).synchronize()
  }
}
