"""The report of a check, from its first line to its last."""
