"""Where staging runs, and what of it is kept for the next build."""
