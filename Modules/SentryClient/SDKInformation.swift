// Provides who this SDK is to a server.
internal import StructuredValue

/// The name and the version of this SDK.
public enum SDKInformation {
  /// `sentry.swift`: servers know SDKs by it.
  public static let name = "sentry.swift"
  /// Three numbers in dots.
  public static let version = "0.1.0"
  /// As it is given in requests: `name/version`.
  public static var userAgent: String { "\(name)/\(version)" }

  /// The `sdk` member of events.
  internal static func value(_ options: ClientOptions, isInProcess: Bool) -> StructuredObject {
    var object = StructuredObject()
    object["name"] = .string(options.sdkName)
    object["version"] = .string(options.sdkVersion)
    if !options.sdkPackages.isEmpty {
      object["packages"] = .array(
        options.sdkPackages.map { ["name": .string($0), "version": .string(options.sdkVersion)] })
    }
    if options.capturesCrashes { object["integrations"] = [isInProcess ? "inproc" : "crashpad"] }
    return object
  }
}
