"""The tests: one module for each module of `pipeline`, and the conformance cases."""
