"""The conformance cases: a folder each, and the program that makes their documents."""
