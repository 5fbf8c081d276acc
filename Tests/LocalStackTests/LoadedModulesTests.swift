import CLinuxShims
import Foundation
import LinuxSystem
import LocalStack
import Testing

@Suite struct `Modules of this process` {
  @Test func `every return address of a thread lies in a module`() {
    let modules = LoadedModules.current()
    let addresses = CallStack().addresses
    #expect(!addresses.isEmpty)
    #expect(addresses.allSatisfy { modules.module(containing: $0) != nil })
    #expect(modules.module(containing: 1) == nil)
    #expect(modules.module(containing: .max) == nil)
  }

  @Test func `bases and build IDs are those of the files`() throws {
    // Other tests load libraries, and map their files, meanwhile.
    let modules = LoadedModules.current().modules
    let maps = String(decoding: try FileSystem.read("/proc/self/maps"), as: UTF8.self).split(separator: "\n")
    var compared = 0
    for module in modules where module.path.isAbsolute {
      let path = try FileSystem.resolve(module.path).description
      let base = String(module.base, radix: 16) + "-"
      #expect(maps.contains { $0.hasPrefix(base) && $0.hasSuffix(" " + path) }, "\(path)")
      let last = try #require(maps.last { $0.hasSuffix(" " + path) })
      let end = UInt(last.split(separator: " ")[0].split(separator: "-")[1], radix: 16)
      #expect(module.base + module.size <= (end ?? 0) + (1 << 24))
      let file = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
      if !module.buildID.isEmpty {
        #expect(file.range(of: Data(module.buildID)) != nil)
        compared += 1
      }
    }
    #expect(compared > 5)
    #expect(LoadedModules.current().modules.contains { $0.path.description.contains("vdso") })
  }

  @Test func `the list is kept until something is loaded`() throws {
    // Another test may load something just then, but not each time.
    #expect((0..<100).contains { _ in LoadedModules.current() === LoadedModules.current() })
    let before = LoadedModules.current()
    // A part of libc that hardly anything uses.
    _ = try DynamicLibrary(anyOf: ["libanl.so.1"])
    let after = LoadedModules.current()
    #expect(after !== before)
    #expect(after.modules.contains { $0.path.description.hasSuffix("libanl.so.1") })
  }
}
