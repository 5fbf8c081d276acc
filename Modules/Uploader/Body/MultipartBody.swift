// Provides the bytes of a form, produced while they are sent.

import StableOrder

/// Streams a `MultipartForm`: fields sorted by name, then files sorted by name. At most one file is open at a time,
/// and nothing of a file is kept.
public final class MultipartBody: ByteSource {
  /// What had to be left out or cut, in order; complete when the body has been read to its end.
  public private(set) var softErrors: [UploaderError] = []

  private let boundary: [UInt8]
  private let fields: [MultipartForm.Field]
  private let files: [MultipartForm.File]
  private var nextField = 0
  private var nextFile = 0
  /// Bytes that are produced but not yet taken.
  private var text: [UInt8] = []
  private var textOffset = 0
  private var open: ContentReader?
  private var finished = false

  public init(_ form: MultipartForm) {
    boundary = Array(form.boundary.utf8)
    // Sorting is stable: parts of one name stay in the caller's order.
    fields = form.fields.inOrder { $0.name.lexicographicallyPrecedes($1.name) }
    files = form.files.inOrder { $0.name.lexicographicallyPrecedes($1.name) }
  }

  /// Unknown: files are opened when their turn comes.
  public var byteCount: Int64? { nil }

  public func read(into buffer: UnsafeMutableRawBufferPointer) throws(UploaderError) -> Int {
    while true {
      if textOffset < text.count { return takeText(into: buffer) }
      if let open {
        let count = try readFile(open, into: buffer)
        if count > 0 { return count }
        self.open = nil
        nextFile += 1
        setText("\r\n")
        continue
      }
      if !(try startNextPart()) { return 0 }
    }
  }

  private func takeText(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(buffer.count, text.count - textOffset)
    let start = textOffset
    text.withUnsafeBufferPointer { source in
      guard let from = source.baseAddress, let to = buffer.baseAddress else { return }
      to.copyMemory(from: from + start, byteCount: count)
    }
    textOffset += count
    return count
  }

  private func readFile(
    _ reader: ContentReader, into buffer: UnsafeMutableRawBufferPointer
  ) throws(UploaderError) -> Int {
    do throws(UploaderError) {
      return try reader.read(into: buffer)
    } catch {
      if files[nextFile].isRequired { throw error }
      softErrors.append(error)
      return 0
    }
  }

  /// Produces the beginning of the next part, or the end of the form.
  ///
  /// - Returns: `false` when everything has been produced.
  private func startNextPart() throws(UploaderError) -> Bool {
    if nextField < fields.count {
      let field = fields[nextField]
      nextField += 1
      setText("--", boundary, "\r\nContent-Disposition: form-data; name=\"", field.name)
      text.append(contentsOf: Array("\"\r\n\r\n".utf8))
      text.append(contentsOf: field.value)
      text.append(contentsOf: Array("\r\n".utf8))
      return true
    }
    while nextFile < files.count {
      let file = files[nextFile]
      do throws(UploaderError) {
        open = try ContentReader(file.content)
      } catch {
        if file.isRequired { throw error }
        softErrors.append(error)
        nextFile += 1
        continue
      }
      setText("--", boundary, "\r\nContent-Disposition: form-data; name=\"", file.name)
      text.append(contentsOf: Array("\"; filename=\"".utf8))
      text.append(contentsOf: MultipartForm.escaped(file.filename))
      text.append(UInt8(ascii: "\""))
      if let type = file.contentType { text.append(contentsOf: Array("\r\nContent-Type: \(type)".utf8)) }
      text.append(contentsOf: Array("\r\n\r\n".utf8))
      return true
    }
    if finished { return false }
    finished = true
    setText("--", boundary, "--\r\n", [])
    return true
  }

  private func setText(
    _ first: String, _ boundary: [UInt8] = [], _ second: String = "", _ name: [UInt8] = []
  ) {
    text = Array(first.utf8)
    text.append(contentsOf: boundary)
    text.append(contentsOf: Array(second.utf8))
    text.append(contentsOf: MultipartForm.escaped(name))
    textOffset = 0
  }
}
