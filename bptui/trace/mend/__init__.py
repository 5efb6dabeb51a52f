"""How wrong lines should stand: edits of the program's own statements."""
