"""What `make bench` measures; README.md says what each figure means."""
