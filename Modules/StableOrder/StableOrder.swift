// Provides StableOrder: sorting whose code exists once in a program, whatever is sorted.
//
// The standard library's sort is generic down to its innermost loop: compiled for one type it is 4 KB, and a handler
// sorts two dozen types. Here what depends on the type is a comparison of two positions and a copy; the sorting itself
// deals in positions alone (docs/performance.md, "Size").

/// Positions of elements, in the order of the elements.
public enum StableOrder {
  /// A closure in a box: one that is given by itself makes the optimizer write the sorting anew for each.
  public struct Comparison {
    /// Whether the element at the first position belongs before that at the second.
    public let precedes: (Int, Int) -> Bool
    /// A comparison by positions, not by elements.
    @inlinable
    public init(precedes: @escaping (Int, Int) -> Bool) { self.precedes = precedes }
  }

  /// The numbers from 0 to `count` (exclusive) so that what they stand for is in order; equals stay as they were.
  ///
  /// Takes at most `count` * log2(`count`) comparisons, and about `count` of them where nearly all is in order already.
  /// - Parameter comparison: of elements by their positions. Where it is no strict weak order the result is still each
  ///   position once.
  @inline(never)
  public static func positions(_ count: Int, _ comparison: Comparison) -> [Int] {
    guard count > 0 else { return [] }
    var order = [Int](repeating: 0, count: count)
    for position in 0..<count { order[position] = position }
    var merged = order
    var width = 1
    while width < count {
      var start = 0
      while start < count {
        let middle = min(start &+ width, count)
        let end = min(middle &+ width, count)
        merge(order, start, middle, end, into: &merged, comparison)
        start = end
      }
      swap(&order, &merged)
      width &*= 2
    }
    return order
  }

  /// As `positions`; `nil` where all is in order as it is, as most of what comes from the kernel.
  /// - Parameter comparison: as of `positions`.
  @inline(never)
  public static func changedPositions(_ count: Int, _ comparison: Comparison) -> [Int]? {
    var position = 1
    while position < count {
      if comparison.precedes(position, position &- 1) { return positions(count, comparison) }
      position &+= 1
    }
    return nil
  }

  /// Merges two neighbouring parts, each in order, into the same places of another array.
  @inline(never)
  private static func merge(
    _ order: [Int], _ start: Int, _ middle: Int, _ end: Int, into merged: inout [Int], _ comparison: Comparison
  ) {
    var left = start
    var right = middle
    // Where the last of the left belongs before the first of the right, all is in order already.
    let isInOrder = middle == end || !comparison.precedes(order[middle], order[middle &- 1])
    for place in start..<end {
      if isInOrder {
        merged[place] = order[place]
      } else if left == middle || (right < end && comparison.precedes(order[right], order[left])) {
        merged[place] = order[right]
        right &+= 1
      } else {
        merged[place] = order[left]
        left &+= 1
      }
    }
  }
}

extension Array {
  /// The elements in order; equals stay as they were. As `sorted(by:)`, with a tenth of the code for each type.
  /// - Parameter precedes: whether the first belongs before the second: a strict weak order.
  @inlinable
  public func inOrder(by precedes: (Element, Element) -> Bool) -> [Element] {
    let positions = withoutActuallyEscaping(precedes) { precedes in
      StableOrder.changedPositions(count, StableOrder.Comparison { precedes(self[$0], self[$1]) })
    }
    guard let positions else { return self }
    var result: [Element] = []
    result.reserveCapacity(count)
    for position in positions { result.append(self[position]) }
    return result
  }
}
