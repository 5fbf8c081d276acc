// Provides what an envelope says of an attachment beside its bytes, kept for the start that sends a crash.
internal import LinuxSystem
internal import SentryEnvelope
internal import StructuredValue

/// An entry of `RunFiles.attachments`. The crashing thread copies files and knows of none but its name.
internal struct AttachmentDescription: Sendable {
  let filename: String?
  let attachmentType: String?
  let contentType: String?

  /// Any value, also none.
  init(_ value: StructuredValue?) {
    filename = value?["filename"]?.string
    attachmentType = value?["attachment_type"]?.string
    contentType = value?["content_type"]?.string
  }

  /// The file's content; `nil` when the names of the files say all.
  static func file(of attachments: [(path: FilePath?, attachment: Attachment)]) -> [UInt8]? {
    var file = StructuredObject()
    for (path, attachment) in attachments {
      guard let path else { continue }
      let name = String(decoding: path.lastComponent, as: UTF8.self)
      // Of two files of one name the second is copied under another one, which nobody knows before.
      if file[name] != nil { continue }
      var entry = StructuredObject()
      if attachment.filename != name { entry["filename"] = .string(attachment.filename) }
      if let type = attachment.attachmentType { entry["attachment_type"] = .string(type) }
      if let type = attachment.contentType { entry["content_type"] = .string(type) }
      if !entry.isEmpty { file[name] = .object(entry) }
    }
    return file.isEmpty ? nil : StructuredValue.object(file).json
  }
}
