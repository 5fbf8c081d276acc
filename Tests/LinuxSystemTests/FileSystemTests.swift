import LinuxSystem
import Testing

@Suite struct `Files by path` {
  private func withTemporaryDirectory(_ body: (FilePath) throws -> Void) throws {
    let directory = FileSystem.temporaryDirectory.appending("sentry-native-\(UniqueID.random())")
    try FileSystem.createDirectory(directory)
    defer { try? FileSystem.removeTree(directory) }
    try body(directory)
  }

  @Test func `what is written is read back`() throws {
    try withTemporaryDirectory { directory in
      let file = directory.appending("a")
      try FileSystem.write([1, 2, 3], to: file)
      #expect(try FileSystem.read(file) == [1, 2, 3])
      #expect(FileSystem.isRegularFile(file))
      #expect(try FileSystem.status(file).permissions == 0o600)
    }
  }

  @Test func `replacing leaves no temporary file`() throws {
    try withTemporaryDirectory { directory in
      let file = directory.appending("a")
      try FileSystem.replace(file, with: [1])
      try FileSystem.replace(file, with: [2])
      #expect(try FileSystem.entries(of: directory) == [Array("a".utf8)])
      #expect(try FileSystem.read(file) == [2])
    }
  }

  @Test func `a file over the limit is refused`() throws {
    try withTemporaryDirectory { directory in
      let file = directory.appending("a")
      try FileSystem.write([UInt8](repeating: 7, count: 100), to: file)
      #expect(throws: Errno.fileTooLarge) { try FileSystem.read(file, limit: 99) }
    }
  }

  @Test func `names need not be UTF-8`() throws {
    try withTemporaryDirectory { directory in
      let file = directory.appending(bytes: [0xff, 0xfe])
      try FileSystem.write([], to: file)
      #expect(try FileSystem.entries(of: directory) == [[0xff, 0xfe]])
    }
  }

  @Test func `directories are created with what is missing above them`() throws {
    try withTemporaryDirectory { directory in
      let deep = directory.appending("a/b/c")
      try FileSystem.createDirectories(deep)
      try FileSystem.createDirectories(deep)
      #expect(FileSystem.isDirectory(deep))
    }
  }

  @Test func `a directory that cannot be is an error, in /proc too, where mkdir says that the parent is missing`() {
    #expect(throws: Errno.self) { try FileSystem.createDirectories("/proc/nothing/database") }
  }

  @Test(arguments: [
    ("/a/b", "/a", "b"), ("/a", "/", "a"), ("a", ".", "a"), ("/a/b/", "/a", "b"), ("/", "/", ""), ("a/b", "a", "b"),
  ])
  func `a path has a directory and a last component`(path: String, directory: String, last: String) {
    #expect(FilePath(path).directory == FilePath(directory))
    #expect(FilePath(path).lastComponent == Array(last.utf8))
  }
}
