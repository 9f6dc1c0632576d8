"""Tests of `pipeline/model/`."""
