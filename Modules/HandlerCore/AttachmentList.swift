// Provides the files that a handler adds to every report.
public import LinuxSystem

/// The files that a handler adds to every report, in order, each path once.
public struct AttachmentList: Sendable, Equatable {
  /// Files that go along with the next reports, in the order in which they were added.
  public private(set) var paths: [FilePath] = []

  /// A list to begin with.
  public init(_ paths: [FilePath] = []) {
    for path in paths { _ = add(path) }
  }

  /// `false` when the path is listed already.
  public mutating func add(_ path: FilePath) -> Bool {
    if path.isEmpty || paths.contains(path) { return false }
    paths.append(path)
    return true
  }

  /// `false` when the path was not listed.
  public mutating func remove(_ path: FilePath) -> Bool {
    guard let index = paths.firstIndex(of: path) else { return false }
    paths.remove(at: index)
    return true
  }
}
