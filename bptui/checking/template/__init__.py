"""The skeleton of a file for the check."""
