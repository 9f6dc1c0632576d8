"""Which files and documents exist, and which of them changed."""
