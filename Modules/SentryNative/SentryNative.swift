// Placeholder of SentryNative.
