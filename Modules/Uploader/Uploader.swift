// Placeholder of Uploader.
