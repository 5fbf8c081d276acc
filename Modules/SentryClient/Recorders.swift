// Provides what the engine keeps for sessions, tracing, logs and metrics.
internal import LinuxSystem
internal import SentryEnvelope
internal import StructuredValue

/// The parts of the engine that record: made at the start, used by any thread.
internal final class Recorders: @unchecked Sendable {
  // @unchecked: everything that changes is changed under `access`.
  private let access = Lock()
  private var pipeline: TelemetryPipeline?
  private var transactions: OpenTransactionFile?
  private var exitToken: Int?
  private var known: KnownAttributes?
  private var generation = ForkGeneration.current

  init() { access.holdDuringForks() }

  /// Logs and metrics are taken from now on.
  func start(_ pipeline: TelemetryPipeline) { access.withLock { self.pipeline = pipeline } }

  /// Logs and metrics; `nil` before the start and after the end.
  var telemetry: TelemetryPipeline? { access.withLock { pipeline } }

  /// No more logs and metrics.
  func stop() -> TelemetryPipeline? {
    access.withLock {
      transactions = nil
      return pipeline.take()
    }
  }

  /// The file of this run for an open transaction, made when it is first needed; `nil` where it cannot be.
  func transactionFile(folder: FilePath?, _ client: SentryClient) -> OpenTransactionFile? {
    access.withLock {
      if generation != ForkGeneration.current {
        // The parent's file is the parent's.
        generation = ForkGeneration.current
        transactions = nil
      }
      if transactions == nil, let folder {
        transactions = try? OpenTransactionFile(
          folder: folder, isHooked: client.options.hooks.beforeTransaction != nil)
      }
      return transactions
    }
  }

  /// Remembers what to do when the process exits, once.
  func atExit(_ action: @escaping @Sendable () -> Void) {
    access.withLock { if exitToken == nil { exitToken = ProcessExit.add(action) } }
  }

  func cancelExit() { if let token = access.withLock({ exitToken.take() }) { ProcessExit.remove(token) } }

  /// The attributes of logs and metrics that are known before, serialised when one of their sources has changed.
  func attributes(
    _ sources: KnownAttributes.Sources, os: StructuredObject, sdkName: String, sdkVersion: String
  ) -> TelemetryAttributes {
    access.withLock {
      if let known, known.sources == sources { return known.attributes }
      let made = KnownAttributes(sources, os: os, sdkName: sdkName, sdkVersion: sdkVersion)
      known = made
      return made.attributes
    }
  }
}

/// Attributes of every log and metric, and what they were made of.
internal struct KnownAttributes {
  /// Comparing these costs next to nothing while nothing has changed: equal copies share their memory.
  struct Sources: Hashable {
    var user: StructuredObject?
    var release: String?
    var environment: String?
    var attributes: StructuredObject
  }

  let sources: Sources
  let attributes: TelemetryAttributes

  init(_ sources: Sources, os: StructuredObject, sdkName: String, sdkVersion: String) {
    self.sources = sources
    var known = TelemetryAttributes()
    // What the application has set counts before what the SDK knows.
    known.add(sources.attributes)
    for member in Self.user(sources.user).members { known.add(member.key, member.value) }
    known.add(text: os["name"]?.string, "os.name")
    known.add(text: os["version"]?.string, "os.version")
    known.add(text: sources.environment, "sentry.environment")
    known.add(text: sources.release, "sentry.release")
    known.add("sentry.sdk.name", .string(sdkName))
    known.add("sentry.sdk.version", .string(sdkVersion))
    attributes = known
  }

  /// What a user becomes. The identifier of the installation is none of a user.
  static func user(_ user: StructuredObject?) -> StructuredObject {
    var result = StructuredObject()
    guard let user else { return result }
    if let id = user["id"] { result["user.id"] = .string(id.string ?? id.jsonText) }
    if let name = (user["name"] ?? user["username"])?.string { result["user.name"] = .string(name) }
    if let email = user["email"]?.string { result["user.email"] = .string(email) }
    return result
  }
}
