"""Tests of `pipeline/jobs/`."""
