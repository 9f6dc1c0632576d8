"""Tests of `pipeline/warehouse/`."""
