// Provides the query by which a server's access log tells clients apart.

/// Adds product, version and client id to an upload's URL, as Crashpad does.
public enum ClientIdentification {
  /// Form field and query parameter, in the order in which they are added.
  private static let parameters = [("prod", "product"), ("ver", "version"), ("guid", "guid")]

  /// `url` with `?` or `&` and `NAME=VALUE` for each of the fields `prod`, `ver` and `guid` that is there.
  public static func url(_ url: String, fields: [MultipartForm.Field]) -> String {
    var result = url
    for (key, name) in parameters {
      guard let field = fields.last(where: { $0.name.elementsEqual(key.utf8) }) else { continue }
      result += result.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
      result += "\(name)=\(percentEncoded(field.value))"
    }
    return result
  }

  /// Letters, digits and `-_.~` as they are (RFC 3986 section 2.3), every other byte as `%` and two upper-case digits.
  internal static func percentEncoded(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var result: [UInt8] = []
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
        UInt8(ascii: "~"):
        result.append(byte)
      default:
        result.append(UInt8(ascii: "%"))
        result.append(digits[Int(byte >> 4)])
        result.append(digits[Int(byte & 15)])
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
