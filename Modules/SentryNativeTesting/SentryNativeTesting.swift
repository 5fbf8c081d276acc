// Placeholder of SentryNativeTesting.
