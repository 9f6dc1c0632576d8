"""Synthetic dumps of Pith documents, to try the tool at scale and to measure it."""
