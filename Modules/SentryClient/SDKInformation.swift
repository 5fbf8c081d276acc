// Provides who this SDK is to a server.
internal import StructuredValue

/// The name and the version of this SDK.
public enum SDKInformation {
  public static let name = "sentry.swift"
  public static let version = "0.1.0"
  /// As it is given in requests: `name/version`.
  public static var userAgent: String { "\(name)/\(version)" }

  internal static var value: StructuredObject {
    var object = StructuredObject()
    object["name"] = .string(name)
    object["version"] = .string(version)
    object["integrations"] = ["crashpad"]
    return object
  }
}
