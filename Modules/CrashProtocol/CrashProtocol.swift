// Placeholder of CrashProtocol.
