// Provides what is known about an event beside the event.

/// What goes with a capture, and what hooks are told beside the event.
public struct Hint: Sendable {
  /// Sent with this event only.
  public var attachments: [Attachment] = []
  /// Whether the event is a crash of this process, whose exception and stacks are only known to the handler.
  public var isCrash = false

  /// Attachments of this event alone.
  public init(attachments: [Attachment] = []) { self.attachments = attachments }
}
