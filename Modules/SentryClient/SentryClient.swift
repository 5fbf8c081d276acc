// Placeholder of SentryClient.
