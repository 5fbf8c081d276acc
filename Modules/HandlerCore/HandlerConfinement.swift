// Provides the handler's confinement.
internal import LinuxSystem
internal import Sandbox

/// Whether this handler has confined itself; if so, its children can go further.
struct HandlerConfinement {
  private let isConfined: Bool

  /// Gives up what serving clients does not need. Comes when everything is there that must not be confined.
  init(log: HandlerLog) {
    let outcome = Sandbox.enter(.handler)
    isConfined = outcome == .confined
    switch outcome {
    case .confined: log.verbose("this handler is confined: no new privileges, and a list of system calls")
    case .off: log.info("this handler is not confined: \(Sandbox.variable)=0")
    case .refused(let error): log.info("this handler is not confined: the kernel does not let it (\(error))")
    case .deadly: log.info("this handler is not confined: the sandbox around it ends whoever asks for another one")
    }
  }

  /// In a child that sends a report: it looks at no other process.
  func narrow() {
    if isConfined { _ = Sandbox.narrow(to: .upload) }
  }
}
