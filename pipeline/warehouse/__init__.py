"""Snapshots on disk, the views over them, and reading them."""
