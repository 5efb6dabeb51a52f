"""Functions that are called to be checked, and numbers that a step in any language has left."""
