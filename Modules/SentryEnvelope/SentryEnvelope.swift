// Placeholder of SentryEnvelope.
