import CrashClient
import CrashProtocol
import CrashVictimRunner
import LinuxSystem
import Testing

@Suite struct `Where the handler is` {
  private func failure(_ location: HandlerLocation) -> CrashClientError? {
    do {
      _ = try location.resolve()
      return nil
    } catch { return error }
  }

  @Test func `a missing handler is an error that says what to build`() throws {
    let error = try #require(failure(.path("/nonexistent/crashpad_handler")))
    #expect(error.code == .handlerMissing)
    #expect(error.description.contains("/nonexistent/crashpad_handler"))
    #expect(error.description.contains("swift build --product crashpad_handler"))
  }

  @Test func `a directory or a device is no handler`() {
    #expect(failure(.path("/tmp"))?.code == .handlerNotAFile)
    #expect(failure(.path("/dev/null"))?.code == .handlerNotAFile)
    #expect(failure(.path(""))?.code == .handlerMissing)
  }

  @Test func `a file without the execute permission is named as that`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path.appending("handler")
    try FileSystem.write([], to: path, mode: 0o600)
    #expect(failure(.path(path))?.code == .handlerNotExecutable)
  }

  @Test func `a bare name is looked up in the search path, and what has a slash is not`() throws {
    #expect(try HandlerLocation.path("env").resolve().lastComponent == Array("env".utf8))
    #expect(failure(.path("./env"))?.code == .handlerMissing)
  }

  @Test func `a relative path becomes absolute`() throws {
    let error = try #require(failure(.path("no/such")))
    #expect(error.description.contains(try FileSystem.currentDirectory().appending("no/such").description))
  }

  @Test func `without a path it is beside the program`() {
    // The test bundle's folder has the product when the whole package is built; either way the folder is the right one.
    do {
      #expect(try HandlerLocation.besideExecutable.resolve().lastComponent == Array("crashpad_handler".utf8))
    } catch {
      #expect(error.code == .handlerMissing)
    }
  }
}

@Suite struct `The handler's command line` {
  @Test func `has the order of Sentry's clients`() throws {
    var configuration = HandlerConfiguration(databasePath: "/db")
    configuration.metricsPath = "/db"
    configuration.url = "https://o1.ingest.sentry.io:443/api/2/minidump/?sentry_client=x&sentry_key=y"
    configuration.httpProxy = "<empty>"
    configuration.annotations = [("b", "2"), ("a", "1=1"), ("a b", "")]
    configuration.attachments = ["/z", "/a"]
    configuration.crashReporterPath = "/reporter"
    configuration.crashEnvelopePath = "/envelope"
    configuration.reportID = UniqueID("00112233-4455-6677-8899-aabbccddeeff")
    configuration.extraArguments = ["--no-rate-limit", "--log-file=/log"]
    configuration.waitsForUpload = true
    #expect(
      configuration.arguments(executable: "/h", socket: 7).map(\.description) == [
        "/h", "--no-rate-limit", "--log-file=/log", "--database=/db", "--metrics-dir=/db",
        "--url=https://o1.ingest.sentry.io:443/api/2/minidump/?sentry_client=x&sentry_key=y", "--http-proxy=<empty>",
        "--annotation=a=1=1", "--annotation=a b=", "--annotation=b=2", "--attachment=/z", "--attachment=/a",
        "--crash-reporter=/reporter", "--crash-envelope=/envelope",
        "--report-id=00112233-4455-6677-8899-aabbccddeeff", "--initial-client-fd=7", "--shared-client-connection",
        "--wait-for-upload",
      ])
  }

  @Test func `leaves out what upstream's handler would refuse`() {
    var configuration = HandlerConfiguration(databasePath: "/db")
    configuration.dialect = .chromium
    configuration.httpProxy = "http://p"
    configuration.reportID = UniqueID.random()
    configuration.waitsForUpload = true
    #expect(
      configuration.arguments(executable: "/h", socket: 7).map(\.description) == [
        "/h", "--database=/db", "--initial-client-fd=7", "--shared-client-connection",
      ])
  }
}
