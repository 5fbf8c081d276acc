// Placeholder of CrashCapture.
