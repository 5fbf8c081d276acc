// Provides the replacement of a handler that has ended.
internal import CLinuxShims
internal import CrashCapture
internal import LinuxSystem

extension CrashClient {
  /// Starts the watch over the handler, where the configuration asks for it.
  internal func watchHandler(_ configuration: HandlerConfiguration) {
    guard configuration.restartsHandler, let socket = connectedSocket else { return }
    // The client waits for the thread before it goes: stop().
    let client = Unmanaged.passUnretained(self)
    do throws(Errno) {
      let watch = try HandlerWatch(
        socket, restart: { client.takeUnretainedValue().restartHandler(configuration) },
        giveUp: { client.takeUnretainedValue().giveUpHandler(configuration) })
      keep(watch)
    } catch {
      configuration.onHandlerEvent?("the handler is not watched: \(error)")
    }
  }

  /// - Returns: the new connection's socket, or -1.
  private func restartHandler(_ configuration: HandlerConfiguration) -> Int32 {
    // Where the client is being stopped the handler ends because of that.
    if !noteHandlerEnd() { return -1 }
    var changed = configuration
    changed.attachments = currentAttachments ?? configuration.attachments
    do throws(CrashClientError) {
      let handler = try HandlerProcess.start(changed)
      let process = handler.processID
      let socket = try replaceHandler(handler)
      configuration.onHandlerEvent?("the handler had ended; another one is there, process \(process)")
      return socket
    } catch {
      noteRestartFailure(error)
      configuration.onHandlerEvent?("the handler has ended, and another one could not be started: \(error)")
      return -1
    }
  }

  private func giveUpHandler(_ configuration: HandlerConfiguration) {
    configuration.onHandlerEvent?("the handler ends again and again, and is started at a crash only")
  }
}
