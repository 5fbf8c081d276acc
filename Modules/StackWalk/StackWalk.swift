// Placeholder of StackWalk.
