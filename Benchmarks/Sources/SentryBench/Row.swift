// Provides one result: what was measured, for us, for a peer, and for the least that is possible.

/// One row of the table.
struct Row {
  /// `benchmark/case`.
  let name: String
  /// `ms`, `KiB`: less is better. `MB/s`: more is better.
  let unit: String
  /// Every run, in the order measured.
  var ours: [Double] = []
  /// Whose program did the same job in the same run, alternating.
  var peer: String?
  var theirs: [Double] = []
  /// The same bytes by nothing but the system calls that must be.
  var floor: [Double] = []

  /// Our median by the peer's, or by the floor's where there is no peer.
  var ratio: Double? {
    let other = theirs.isEmpty ? floor : theirs
    guard let mine = ours.median, let reference = other.median, reference != 0 else { return nil }
    return mine / reference
  }
}

extension [Double] {
  /// The middle value; of an even count the lower of the two.
  var median: Double? { isEmpty ? nil : sorted()[(count - 1) / 2] }
}
