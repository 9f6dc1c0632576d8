"""Tests of `pipeline/cli/`."""
