// Tests the search for copies of the environment.
import Testing

@testable import MinidumpCapture

@Suite struct `Copies of the environment` {
  private func erased(_ text: String, _ environment: String) -> String {
    var bytes = Array(text.utf8)
    var copies = EnvironmentCopies(Array(environment.utf8))
    bytes.withUnsafeMutableBytes { copies.erase(in: $0) }
    return String(decoding: bytes, as: UTF8.self).replacing("\0", with: ".")
  }

  @Test func `are erased with their value, wherever a value ends with a zero`() {
    let environment = "TOKEN=secret-words\0EMPTY=\0SHORT=four\0NONSENSE\0"
    #expect(
      erased("ab secret-words\0cd TOKEN=secret-words\0four\0", environment) == "ab ............"
        + ".cd TOKEN=............" + ".four.")
    #expect(erased("secret-words and more\0", environment) == "secret-words and more.")
    #expect(erased("secret-word\0", environment) == "secret-word.")
  }

  @Test func `are erased when an end of the memory cuts them, if eight bytes are there`() {
    let environment = "TOKEN=secret-words\0"
    #expect(erased("et-words\0rest", environment) == "........" + ".rest")
    #expect(erased("t-words\0rest", environment) == "t-words.rest")
    #expect(erased("xx secret-w", environment) == "xx ........")
    #expect(erased("xx secret-", environment) == "xx secret-")
    #expect(erased("secret-words", environment) == "............")
  }

  @Test func `are found at every place`() {
    let environment = "TOKEN=8 bytes!\0"
    for place in 0..<24 {
      let before = String(repeating: "\0", count: place)
      #expect(erased(before + "8 bytes!\0" + "rest", environment) == String(repeating: ".", count: place + 9) + "rest")
      let text = String(repeating: "x", count: place)
      let twice = text + "8 bytes!\0" + "8 bytes!\0y"
      #expect(erased(twice, environment) == text + String(repeating: ".", count: 18) + "y")
    }
  }

  @Test func `are what looking at every byte would find`() {
    let values = ["abcabcab", "abcabcabca", "bcabcabc!", "cabcabcabcabc", "aaaaaaaa"]
    let environment = values.map { "N=\($0)\0" }.joined()
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      // Zeros at the start: a value that is cut there is another matter.
      var memory = [UInt8](repeating: 0, count: 8 + Int.random(in: 0..<4, using: &generator))
      for _ in 0..<Int.random(in: 1..<12, using: &generator) {
        let value = Array(values[Int.random(in: 0..<values.count, using: &generator)].utf8)
        memory += value.prefix(Int.random(in: 1...value.count, using: &generator))
        if Bool.random(using: &generator) { memory.append(0) }
        if Bool.random(using: &generator) {
          memory += [UInt8](repeating: 97, count: Int.random(in: 0..<9, using: &generator))
        }
      }
      var expected = memory
      var start = 0
      while start + 8 <= expected.count {
        let rest = expected[start...]
        let found = values.map { Array($0.utf8) }.filter {
          rest.count > $0.count ? rest.starts(with: $0 + [0]) : $0.starts(with: rest) && rest.count >= 8
        }
        let length = found.map { min($0.count, rest.count) }.max() ?? 0
        for index in start..<start + length { expected[index] = 0 }
        start += max(1, length)
      }
      let before = memory
      var copies = EnvironmentCopies(Array(environment.utf8))
      memory.withUnsafeMutableBytes { copies.erase(in: $0) }
      #expect(memory == expected, "\(before)")
    }
  }

  @Test func `of values that begin alike are erased whole`() {
    let environment = "A=/srv/somebody\0B=/srv/somebody/shop/bin\0"
    let memory = erased("/srv/somebody/shop/bin\0/srv/somebody\0x", environment)
    #expect(memory == String(repeating: ".", count: 37) + "x")
  }

  @Test func `of an environment that was made to be long to compare come to an end`() {
    // Everything in memory begins as every value does, and each comparison goes to the last byte but one.
    let value = [UInt8](repeating: 97, count: 8) + [98] + [UInt8](repeating: 97, count: 4000)
    let environment = [[UInt8]](repeating: Array("A=".utf8) + value + [0], count: 60).flatMap { $0 }
    var memory = [UInt8](repeating: 97, count: 1 << 20)
    var copies = EnvironmentCopies(environment)
    memory.withUnsafeMutableBytes { bytes in for _ in 0..<128 { copies.erase(in: bytes) } }
    #expect(memory[1 << 19] == 97)
  }

  @Test func `are no reason to touch anything where there is no environment`() {
    #expect(EnvironmentCopies([]).isEmpty)
    #expect(erased("secret-words\0", "") == "secret-words.")
    #expect(erased("", "TOKEN=secret-words\0") == "")
  }
}
