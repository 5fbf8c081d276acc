// Provides `crashctl symbols check`.
internal import LinuxSystem

/// Says whether binaries can be symbolicated and unwound.
enum SymbolsCommand {
  private static let help = """
    Usage: crashctl symbols check FILE... [--json]

    Says whether the frames of a binary will have names and whether its stacks can be walked. FILE is a program, a
    library, or a file with debug information alone.

      --json  [{"file","build_id","debug_id","symtab","dynsym","dwarf","eh_frame","usable","problems":[]}]

    usable: the file has a build ID, by which it is found, names (a symbol table or DWARF), and unwind tables
    (.eh_frame); the latter are not expected of a file with debug information alone.

    Exit status: 0 all are usable, 1 one is not or cannot be read, 2 wrong usage.

    """

  static func run(_ arguments: [String]) -> Int32 {
    if arguments.contains("--help") || arguments.contains("-h") { return Terminal.write(help) }
    do throws(CommandUsageError) {
      let options = try CommandArguments(arguments, flags: ["--json"], options: [])
      guard options.operands.first == "check" else {
        throw CommandUsageError(
          message: options.operands.first.map { "there is nothing called \($0)" } ?? "what to do?")
      }
      let files = options.operands.dropFirst()
      if files.isEmpty { throw CommandUsageError(message: "which file?") }
      let found = files.map { SymbolFile($0) }
      let status: Int32 = found.allSatisfy { $0.isUsable } ? 0 : 1
      if options.has("--json") { return Terminal.write(.list(found.map { $0.json }), status: status) }
      var text = TextReport(isColoured: Terminal.isColoured)
      for file in found { file.write(to: &text) }
      return Terminal.write(text.output, status: status)
    } catch {
      return Terminal.usage("symbols", error)
    }
  }
}
