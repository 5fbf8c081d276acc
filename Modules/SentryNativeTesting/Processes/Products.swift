// Provides where the programs of this package are.
import LinuxSystem

/// The folder that holds the programs which were built together with the running tests, `.build/debug` as a rule.
///
/// - Throws: `TestKitError` with `.missing` outside a test of this package.
public func productsDirectory() throws -> FilePath {
  // The tests' own program (or bundle) lies there; with Swift Testing it is what runs, or its argument names it.
  var candidates = [try FileSystem.executable().directory]
  for argument in CommandLine.arguments where argument.hasSuffix(".xctest") {
    candidates.append(FilePath(argument).directory)
  }
  for candidate in candidates where FileSystem.isExecutable(candidate.appending("sentry-ingest")) {
    return try FileSystem.resolve(candidate)
  }
  throw TestKitError(.missing, "no products of this package in \(candidates.map(\.description))")
}
