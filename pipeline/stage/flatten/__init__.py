"""Flattening: a document that was read becomes rows of the staged tables."""
