// Placeholder of SentryHandler.
