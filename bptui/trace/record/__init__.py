"""Runs a program under a recorder, in the user's Python: what it computes is written to a tape."""
