"""The user's code in the user's own Python: in a process that leaves nothing behind."""
