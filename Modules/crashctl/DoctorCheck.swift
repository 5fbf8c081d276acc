// Provides what the doctor found out about one thing.

/// One thing that was tried here.
struct DoctorCheck {
  /// A word for programs.
  let name: String
  let isOK: Bool
  /// Without it crashes are not reported, or not reported to the server that was asked about.
  let isEssential: Bool
  /// What was found.
  let detail: String
  /// What to do about it; `nil` when nothing need be done.
  let remedy: String?

  /// Something that works.
  static func good(_ name: String, _ detail: String, remedy: String? = nil) -> DoctorCheck {
    DoctorCheck(name: name, isOK: true, isEssential: false, detail: detail, remedy: remedy)
  }

  /// Something without which nothing works.
  static func bad(_ name: String, _ detail: String, remedy: String) -> DoctorCheck {
    DoctorCheck(name: name, isOK: false, isEssential: true, detail: detail, remedy: remedy)
  }

  /// Something without which reports are poorer.
  static func weak(_ name: String, _ detail: String, remedy: String) -> DoctorCheck {
    DoctorCheck(name: name, isOK: false, isEssential: false, detail: detail, remedy: remedy)
  }

  var json: JSONValue {
    .object([
      ("check", .text(name)), ("ok", .bool(isOK)), ("detail", .text(detail)), ("remedy", .optional(remedy)),
    ])
  }
}
