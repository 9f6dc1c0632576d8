"""Tests of `pipeline/report/`."""
