"""Tests of `pipeline/documents/`."""
