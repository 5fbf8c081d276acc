// Placeholder of MinidumpFormat.
