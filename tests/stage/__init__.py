"""Tests of `pipeline/stage/`."""
