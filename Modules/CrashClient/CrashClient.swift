// Placeholder of CrashClient.
