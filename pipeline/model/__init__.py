"""From staged parts to the published tables and their findings, by SQL."""
