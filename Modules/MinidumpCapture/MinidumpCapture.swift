// Placeholder of MinidumpCapture.
