"""Tests of `pipeline/runner/`."""
