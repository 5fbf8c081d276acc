// Provides the annotations of a dump as one list of names and texts.

extension MinidumpCrashpadInfo {
  /// The annotations of the process and of all modules under one name each, in order of their first appearance.
  ///
  /// This is what Crashpad's handlers send as the form fields of an upload (docs/formats/minidump-upload.md): whoever comes first
  /// has a name, the process before its modules in order; of the annotations with a kind only text counts; the list
  /// annotations of all modules are the lines of `list_annotations`, which replaces what else bears that name. Values are
  /// bytes: an annotation's text is the application's.
  public var mergedAnnotations: [(name: String, value: [UInt8])] {
    var merged: [(name: String, value: [UInt8])] = []
    var names: Set<String> = []
    func add(_ name: String, _ value: [UInt8]) {
      if !name.isEmpty && names.insert(name).inserted { merged.append((name, value)) }
    }
    for annotation in simpleAnnotations { add(annotation.key, Array(annotation.value.utf8)) }
    var lists: [String] = []
    for module in modules {
      for annotation in module.simpleAnnotations { add(annotation.key, Array(annotation.value.utf8)) }
      for annotation in module.annotations where annotation.kind == .string { add(annotation.name, annotation.value) }
      lists += module.listAnnotations
    }
    if !lists.isEmpty {
      merged.removeAll { $0.name == "list_annotations" }
      merged.append(("list_annotations", Array(lists.joined(separator: "\n").utf8)))
    }
    return merged
  }
}
