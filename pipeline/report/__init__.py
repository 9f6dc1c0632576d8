"""The report: one HTML page that says how the last run went, and what the tables hold."""
