// Placeholder of CrashDatabase.
