import LinuxSystem
import SentryEnvelope
import StructuredValue
import Testing

@testable import SentryClient

@Suite struct `Logs and metrics wait in a file` {
  private let folder: TemporaryFolder
  private let buffer: TelemetryBuffer
  init() throws {
    folder = try TemporaryFolder()
    buffer = TelemetryBuffer(.logs, folder: folder.path)
  }

  private func entry(_ number: Int, padding: Int = 0) -> [UInt8] {
    Array("{\"n\":\(number),\"p\":\"\(String(repeating: "x", count: padding))\"}\n".utf8)
  }
  private func add(_ number: Int, padding: Int = 0) -> TelemetryBuffer.Addition {
    buffer.add(entry(number, padding: padding), now: MonotonicInstant(nanoseconds: Int64(number) + 1))
  }
  private func numbers(_ entries: [ArraySlice<UInt8>]) throws -> [Int64] {
    try entries.map { try StructuredValue(json: Array($0))["n"]?.int64 ?? -1 }
  }
  private var envelopes: [Envelope] {
    RunRemains { try? FileSystem.read(folder.path.appending($0)) }.telemetryEnvelopes(dsn: "https://k@h/1")
  }
  private func stored() throws -> [[Int64]] {
    try envelopes.map { envelope in
      try StructuredValue(json: envelope.items[0].payload)["items"]?.array?.compactMap { $0["n"]?.int64 } ?? []
    }
  }

  @Test func `an entry is on disk as soon as it is added`() throws {
    #expect(buffer.isFile && buffer.oldest == nil)
    #expect(add(1) == .first)
    #expect(add(2) == .another)
    #expect(try stored() == [[1, 2]])
    let envelope = try #require(envelopes.first)
    #expect(envelope.headers.keys == ["dsn"])
    #expect(envelope.items[0].headers.keys == ["type", "item_count", "content_type"])
    #expect(envelope.items[0].headers["content_type"] == "application/vnd.sentry.items.log+json")
    #expect(buffer.oldest == MonotonicInstant(nanoseconds: 2))
    var taken: [[Int64]] = []
    buffer.take { entries in
      // Until it has been handed on, it is in the file.
      #expect((try? stored()) == [[1, 2]])
      taken.append((try? numbers(entries)) ?? [])
    }
    #expect(taken == [[1, 2]])
    #expect(try stored().isEmpty && buffer.oldest == nil)
  }

  @Test func `a batch has a hundred, and what finds no room is refused`() throws {
    var results: [TelemetryBuffer.Addition] = []
    for number in 0..<401 { results.append(add(number)) }
    #expect(results[0] == .first && results[98] == .another && results[99] == .filled && results[400] == .noRoom)
    #expect(results.filter { $0 == .filled }.count >= 4)
    #expect(try stored().map { $0.count } == [100, 100, 100, 100])
    #expect(try stored().flatMap { $0 } == (0..<400).map { Int64($0) })
    var taken: [[Int64]] = []
    buffer.take { taken.append((try? numbers($0)) ?? []) }
    #expect(taken.flatMap { $0 } == (0..<400).map { Int64($0) } && taken.count == 4)
    // Round and round, always in order.
    for round in 1...5 {
      for number in 0..<150 { #expect(add(round * 1000 + number) != .noRoom) }
      #expect(try stored().flatMap { $0 } == (0..<150).map { Int64(round * 1000 + $0) })
      taken = []
      buffer.take { taken.append((try? numbers($0)) ?? []) }
      #expect(taken.flatMap { $0 } == (0..<150).map { Int64(round * 1000 + $0) })
    }
  }

  @Test func `long entries fill a batch earlier, too long ones do not fit`() throws {
    #expect(add(0, padding: 128 * 1024) == .tooLarge)
    var count = 0
    while add(count, padding: 50_000) != .noRoom { count += 1 }
    #expect(count == 8)
    var taken = 0
    buffer.take { taken += $0.count }
    #expect(taken == 8)
  }

  @Test func `only what is old enough is taken`() throws {
    #expect(add(10) == .first)
    var taken = 0
    buffer.take(olderThan: MonotonicInstant(nanoseconds: 5)) { taken += $0.count }
    #expect(taken == 0)
    buffer.take(olderThan: MonotonicInstant(nanoseconds: 50)) { taken += $0.count }
    #expect(taken == 1)
    for number in 100..<250 { _ = add(number) }
    buffer.take(olderThan: MonotonicInstant(nanoseconds: 5)) { taken += $0.count }
    #expect(taken == 101)
  }

  @Test func `without a folder they are in memory`() {
    let buffer = TelemetryBuffer(.metrics, folder: "/proc/nothing")
    #expect(!buffer.isFile)
    #expect(buffer.add(entry(1), now: .now()) == .first)
    var taken = 0
    buffer.take { taken += $0.count }
    #expect(taken == 1)
  }

  @Test func `a file that ends in the middle of an entry gives the whole ones`() throws {
    for number in 0..<10 { _ = add(number) }
    var bytes = try FileSystem.read(folder.path.appending("__sentry-logs"))
    bytes[12] -= 5
    try FileSystem.write(bytes, to: folder.path.appending("__sentry-logs"))
    #expect(try stored() == [(0..<9).map { Int64($0) }])
  }

  @Test(.timeLimit(.minutes(10))) func `many threads lose nothing while somebody takes`() async throws {
    let (sent, refused) = (Counter(), Counter())
    let worker = TelemetryWorker([buffer], dsn: nil) { envelope in
      sent.add(envelope.items[0].headers["item_count"]?.int64 ?? 0)
    }
    let buffer = buffer
    await withTaskGroup(of: Void.self) { group in
      for thread in 0..<4 {
        group.addTask {
          for number in 0..<2000 where !worker.add(Array("{\"n\":\(thread * 10_000 + number)}\n".utf8), to: buffer) {
            refused.add(1)
          }
        }
      }
    }
    worker.stop()
    #expect(sent.value + refused.value == 8000)
    #expect(sent.value >= 400)
  }
}

private final class Counter: @unchecked Sendable {
  private let lock = Lock()
  private var count: Int64 = 0
  func add(_ number: Int64) { lock.withLock { count += number } }
  var value: Int64 { lock.withLock { count } }
}
