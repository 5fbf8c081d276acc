// Provides the address space of a process: its mappings in address order, and the questions asked of them.
public import ProcessMemory
import StableOrder

/// All mappings of a process, in address order and without overlaps.
public struct MemoryMap: Sendable {
  public let mappings: [MemoryMapping]

  public enum ParseResult: Sendable {
    case parsed(MemoryMap)
    /// A mapping lies before its predecessor: the process changed its map between two reads. Read again.
    case changed
    /// The line of this number (from 1) is malformed.
    case malformed(line: Int)
  }

  /// - Parameter mappings: in address order.
  public init(_ mappings: [MemoryMapping] = []) { self.mappings = mappings }

  /// Parses the text of `/proc/PID/maps`.
  public static func parse(_ text: [UInt8]) -> ParseResult {
    text.withUnsafeBufferPointer { text in
      var mappings: [MemoryMapping] = []
      // A line has at least 49 bytes; where they are longer, the rest of the memory is never touched.
      mappings.reserveCapacity(text.count / 49 + 1)
      var number = 0
      var end: UInt64 = 0
      var scanner = MapScanner(text)
      while true {
        while scanner.skip(MapScanner.newline) {}
        if scanner.isAtEnd { break }
        number += 1
        guard let mapping = MemoryMapping(line: &scanner) else { return .malformed(line: number) }
        if mapping.range.isEmpty { continue }
        if mapping.range.start < end { return .changed }
        end = mapping.range.end
        mappings.append(mapping)
      }
      return .parsed(MemoryMap(mappings))
    }
  }

  /// Index of the mapping that holds `address`.
  public func index(of address: UInt64) -> Int? {
    let index = firstIndex(endingAfter: address)
    return index < mappings.count && mappings[index].range.contains(address) ? index : nil
  }

  public func mapping(of address: UInt64) -> MemoryMapping? { index(of: address).map { mappings[$0] } }

  /// The readable parts of a range, in address order; those that touch are joined.
  public func readableParts(of range: AddressRange) -> [AddressRange] {
    var result: [AddressRange] = []
    var index = firstIndex(endingAfter: range.start)
    while index < mappings.count, mappings[index].range.start < range.end {
      let mapping = mappings[index]
      index += 1
      guard mapping.isReadable, !mapping.isKernelData, let part = mapping.range.intersection(range) else { continue }
      if let last = result.last, last.end == part.start {
        result[result.count - 1] = AddressRange(start: last.start, size: last.size + part.size)
      } else {
        result.append(part)
      }
    }
    return result
  }

  private func firstIndex(endingAfter address: UInt64) -> Int {
    mappings.partitioningIndex { $0.range.end > address }
  }

  /// Addresses in the pages that the discovery of modules looks at first: where files are mapped from their start on, and
  /// the last page of what the loader protected after it was done, where the dynamic section usually lies.
  var imagePages: [UInt64] {
    var result: [UInt64] = []
    for (index, mapping) in mappings.enumerated() where mapping.isReadable && !mapping.isAnonymous {
      if mapping.offset == 0 { result.append(mapping.range.start) }
      if index + 1 < mappings.count, !mapping.isWritable, !mapping.isExecutable {
        let next = mappings[index + 1]
        if next.isWritable, next.inode == mapping.inode, next.device == mapping.device, !mapping.range.isEmpty {
          result.append(mapping.range.end - 1)
        }
      }
    }
    return result
  }

  /// Index of the nearest mapping at or before `last` where the file behind mapping `index` may start: the mapping itself for
  /// anonymous memory, else one of the same file with offset 0.
  func fileStart(of index: Int, atOrBefore last: Int) -> Int? {
    let device = mappings[index].device
    let inode = mappings[index].inode
    if mappings[index].isAnonymous { return last == index ? index : nil }
    var place = last
    while place >= 0 {
      if mappings[place].offset == 0, mappings[place].device == device, mappings[place].inode == inode { return place }
      place -= 1
    }
    return nil
  }
}
