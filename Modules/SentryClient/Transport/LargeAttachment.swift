// Provides attachments that are too large for an envelope: a file beside it, and a reference in it.
public import LinuxSystem
public import SentryEnvelope
internal import StructuredValue

/// Attachments from 100 MiB to 1 GiB. The file lies in `<database>/cache` as `<event id>-<name>`; the envelope has an item
/// of the content type `application/vnd.sentry.attachment-ref+json` that names it, and after its upload the place that
/// the server gave it. Format: docs/sdk-transport.md, "Large attachments".
public enum LargeAttachment {
  /// Bytes from which on an attachment is large.
  public static let threshold: Int64 = 100 << 20
  /// Bytes beyond which an attachment is not sent at all.
  public static let limit: Int64 = 1 << 30

  internal static let referenceType = "application/vnd.sentry.attachment-ref+json"

  /// Puts a file aside and makes the item that refers to it. Any thread; it takes as long as copying the file takes.
  ///
  /// - Parameters:
  ///   - path: a regular file. It is copied, or, where the file system can, shared.
  ///   - database: the database's folder.
  ///   - eventID: of the envelope.
  /// - Returns: `nil` when the file is larger than `limit` or cannot be copied: count an attachment then.
  public static func item(
    path: FilePath, filename: String, contentType: String? = nil, attachmentType: String? = nil, database: FilePath,
    eventID: SentryID
  ) -> EnvelopeItem? {
    let folder = database.appending("cache")
    let prefix = eventID.dashed
    do throws(Errno) {
      try FileSystem.createDirectories(folder)
      let source = try FileSystem.open(path, [.nonBlocking])
      let status = try source.status()
      guard status.kind == .regular, status.size <= limit else { return nil }
      var number = 0
      while number < 1000 {
        let name = storedName(prefix: prefix, filename: filename, number: number)
        number += 1
        do throws(Errno) {
          let target = try FileSystem.open(folder.appending(name), [.write, .create, .exclusive])
          do throws(Errno) {
            try target.copy(source, count: status.size)
          } catch {
            try? FileSystem.remove(folder.appending(name))
            throw error
          }
          return reference(
            name, size: status.size, filename: filename, contentType: contentType, attachmentType: attachmentType)
        } catch .fileExists { continue }
      }
      return nil
    } catch {
      return nil
    }
  }

  private static func reference(
    _ name: String, size: Int64, filename: String, contentType: String?, attachmentType: String?
  ) -> EnvelopeItem {
    var payload = StructuredObject()
    payload["path"] = .string(name)
    if let contentType { payload["content_type"] = .string(contentType) }
    var item = EnvelopeItem(type: "attachment", payload: StructuredValue.object(payload).json)
    item.headers["length"] = .integer(Int64(item.payload.count))
    if let attachmentType { item.headers["attachment_type"] = .string(attachmentType) }
    item.headers["content_type"] = .string(referenceType)
    item.headers["filename"] = .string(filename)
    item.headers["attachment_length"] = .integer(size)
    return item
  }

  /// `<event id>-[<number>-]<name>`: characters beyond letters, digits and `._-` become `_`, dots at the start go, and
  /// what is longer than a file's name can be is cut.
  internal static func storedName(prefix: String, filename: String, number: Int) -> String {
    var name: [UInt8] = []
    for byte in filename.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "_"): name.append(byte)
      case UInt8(ascii: "."): if !name.isEmpty { name.append(byte) }
      default: name.append(UInt8(ascii: "_"))
      }
    }
    if name.isEmpty { name = Array("attachment".utf8) }
    let start = Array("\(prefix)-".utf8) + (number == 0 ? [] : Array("\(number)-".utf8))
    return String(decoding: (start + name).prefix(255), as: UTF8.self)
  }

  // MARK: - What an item says

  /// The parts of a reference; `nil` for other items.
  internal struct Reference {
    /// The file's name in the cache; `nil` when there is none, or when it is no name of a file there.
    var name: String?
    /// The place that the server gave it.
    var location: String?
    var length: Int64
    private var payload: StructuredObject

    init?(_ item: EnvelopeItem) {
      guard item.type == "attachment", item.headers["content_type"]?.string == referenceType,
        let payload = (try? StructuredValue(json: item.payload))?.object
      else { return nil }
      self.payload = payload
      location = payload["location"]?.string
      length = item.headers["attachment_length"]?.int64 ?? 0
      if let name = payload["path"]?.string, !name.isEmpty, name.utf8.count <= 255,
        name.utf8.allSatisfy({ $0 != UInt8(ascii: "/") && $0 != 0 }), name != ".", name != ".."
      {
        self.name = name
      }
    }

    /// The payload of an uploaded attachment.
    func payload(location: String) -> [UInt8] {
      var object = payload
      object["location"] = .string(location)
      return StructuredValue.object(object).json
    }
  }

  /// The files that the items of an envelope refer to.
  internal static func files(_ items: [EnvelopeItem], in folder: FilePath) -> [FilePath] {
    items.compactMap { Reference($0)?.name }.map { folder.appending($0) }
  }
}
