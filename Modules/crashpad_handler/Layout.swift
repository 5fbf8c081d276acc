// Keeps this target a library of two files: with a single one the compiler would look for top-level code.
