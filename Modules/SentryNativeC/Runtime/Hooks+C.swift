// Provides the engine's hooks from the functions of the application.
internal import CLinuxShims
internal import CSentry
internal import SentryClient
internal import StructuredValue

/// Calls a function with one value and takes over what it returns.
private func call(
  _ object: StructuredObject, _ function: (sentry_value_t) -> sentry_value_t
) -> StructuredObject? {
  function(sentry_value_t(object)).takenObject()
}

extension OptionsBox {
  /// Hooks of the engine that call the application's.
  var hooks: Hooks {
    var hooks = Hooks()
    if let hook = beforeSend {
      hooks.beforeSend = { object, hint in
        if hint.isCrash { csentry_memory_enter_crash() }
        return call(object) { hook.function($0, nil, hook.data) }
      }
    }
    if let hook = onCrash {
      hooks.onCrash = { context, object in
        csentry_memory_enter_crash()
        var description = sentry_ucontext_t()
        description.signum = context.signal
        description.siginfo = context.signalInformation.assumingMemoryBound(to: siginfo_t.self)
        description.user_context = context.machineContext.assumingMemoryBound(to: ucontext_t.self)
        return withUnsafePointer(to: &description) { pointer in call(object) { hook.function(pointer, $0, hook.data) } }
      }
    }
    if let hook = onCrashedLastRun {
      hooks.onCrashedLastRun = { envelope in
        let box = EnvelopeBox(envelope)
        hook.function(box.lent, hook.data)
        withExtendedLifetime(box) {}
      }
    }
    if let hook = beforeBreadcrumb {
      hooks.beforeBreadcrumb = { object in call(object) { hook.function($0, hook.data) } }
    }
    if let hook = beforeTransaction {
      hooks.beforeTransaction = { object in call(object) { hook.function($0, hook.data) } }
    }
    if let hook = beforeSendLog {
      hooks.beforeSendLog = { object in call(object) { hook.function($0, hook.data) } }
    }
    if let hook = beforeSendMetric {
      hooks.beforeSendMetric = { object in call(object) { hook.function($0, hook.data) } }
    }
    if let hook = beforeSendFeedback {
      hooks.beforeSendFeedback = { object, hint in
        let box = HintBox(hint)
        return call(object) { hook.function($0, box.lent, hook.data) }
      }
    }
    if let hook = tracesSampler {
      hooks.tracesSampler = { context in
        let box = TransactionContextBox(sampling: context)
        let custom = sentry_value_t(context.custom)
        defer { custom.release() }
        guard let isSampled = context.parentSampled else { return hook.function(box.lent, custom, nil, hook.data) }
        var parent: Int32 = isSampled ? 1 : 0
        return hook.function(box.lent, custom, &parent, hook.data)
      }
    }
    return hooks
  }
}
