// Provides the search in what is in order.

extension RandomAccessCollection where Index == Int {
  /// The index of the first element that `belongsToSecondPart`; the end where none does.
  ///
  /// The elements must be in order: none of the first part follows one of the second. Where they are not, the result is
  /// still an index of the collection or its end. Takes about log2(`count`) looks.
  @inlinable
  public func partitioningIndex(where belongsToSecondPart: (Element) -> Bool) -> Int {
    var low = startIndex
    var high = endIndex
    while low < high {
      let middle = low &+ (high &- low) / 2
      if belongsToSecondPart(self[middle]) { high = middle } else { low = middle &+ 1 }
    }
    return low
  }
}
