// Placeholder of ProcessSnapshot.
