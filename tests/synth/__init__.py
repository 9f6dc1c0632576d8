"""Tests of `pipeline/synth/`."""
