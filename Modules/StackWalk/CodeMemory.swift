// Provides the memory of the process completed by the files that were mapped into it.
internal import ProcessMemory

/// Reads what the process could not have changed from the verified files of its modules, everything else from its
/// memory. A dump holds stacks, hardly ever code and unwind tables.
final class CodeMemory: MemoryReader {
  private let memory: any MemoryReader
  private let modules: ModuleList
  private let files: ModuleFiles
  /// Of the process's memory map; empty when it is unknown.
  private let executableRanges: [AddressRange]
  private var images: [ModuleImage?]
  /// Pages of `memory` that were read as a whole.
  private var pages: [UInt64: [UInt8]] = [:]
  private var partialPages: Set<UInt64> = []

  private static let pageLimit = 4096
  private static let moduleSizeLimit: UInt64 = 1 << 30

  init(memory: any MemoryReader, modules: [CodeModule], files: ModuleFiles, executableRanges: [AddressRange]) {
    self.memory = memory
    self.executableRanges = executableRanges
    self.modules = ModuleList(modules)
    self.files = files
    images = [ModuleImage?](repeating: nil, count: self.modules.modules.count)
  }

  /// The module at an address, with its file opened.
  func image(at address: UInt64) -> ModuleImage? {
    guard let index = modules.nearest(below: address) else { return nil }
    let image: ModuleImage
    if let known = images[index] {
      image = known
    } else {
      // Stacks and heaps lie above modules, too; a module that ends long before them need not be opened.
      let module = modules.modules[index]
      guard module.contains(address) || address &- module.base < Self.moduleSizeLimit else { return nil }
      image = ModuleImage(module, files: files, memory: memory)
      images[index] = image
    }
    return image.module.contains(address) || image.covers(address) ? image : nil
  }

  /// Why modules that were looked at have no file.
  var refusals: [StackWalkError] { images.compactMap { $0?.refusal } }

  /// Whether `address` can be an instruction of a module.
  func isCode(_ address: UInt64) -> Bool {
    guard let image = image(at: address) else { return false }
    if image.headers != nil || executableRanges.isEmpty { return image.isExecutable(address) }
    return executableRanges.contains { $0.contains(address) }
  }

  func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    if buffer.isEmpty { return 0 }
    if let bytes = image(at: address)?.constantBytes(at: address) {
      let count = min(bytes.count, buffer.count)
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
      return count
    }
    let page = address & ~4095
    let offset = Int(address & 4095)
    if offset + buffer.count <= 4096, let bytes = wholePage(page) {
      bytes.withUnsafeBytes { source in
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[offset..<offset + buffer.count]))
      }
      return buffer.count
    }
    return memory.read(at: address, into: buffer)
  }

  private func wholePage(_ page: UInt64) -> [UInt8]? {
    if let bytes = pages[page] { return bytes }
    if partialPages.contains(page) { return nil }
    let bytes = memory.readAvailable(at: page, count: 4096)
    guard bytes.count == 4096 else {
      if partialPages.count >= Self.pageLimit { partialPages.removeAll() }
      partialPages.insert(page)
      return nil
    }
    if pages.count >= Self.pageLimit { pages.removeAll() }
    pages[page] = bytes
    return bytes
  }

  /// Pages are kept, as a process stands still while it is walked; after it went on they are others.
  func forgetPages() {
    pages.removeAll()
    partialPages.removeAll()
  }

  /// Eight bytes, little-endian: libunwind asks for nothing else, thousands of times.
  func word(at address: UInt64) -> UInt64? {
    if let bytes = image(at: address)?.constantBytes(at: address) {
      return ByteView(bytes).integer(at: 0) ?? (try? readInteger(at: address, as: UInt64.self))
    }
    let offset = Int(address & 4095)
    if offset <= 4096 - 8, let bytes = wholePage(address & ~4095) {
      return bytes.withUnsafeBytes { ByteView($0).integer(at: UInt64(offset)) }
    }
    return try? readInteger(at: address, as: UInt64.self)
  }
}
