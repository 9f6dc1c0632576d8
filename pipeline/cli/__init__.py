"""The command line: one module a command, which reads options, prints, and sets the exit code."""
