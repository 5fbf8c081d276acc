// Placeholder of ELFImage.
