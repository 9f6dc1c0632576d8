"""The jobs: each makes, judges or changes a warehouse, returns its results, and prints nothing."""
