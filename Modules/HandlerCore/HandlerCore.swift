// Placeholder of HandlerCore.
