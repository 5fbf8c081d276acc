// Placeholder of StructuredValue.
