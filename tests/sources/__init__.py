"""Tests of `pipeline/sources/`."""
