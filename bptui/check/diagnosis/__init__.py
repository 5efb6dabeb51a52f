"""Which mistake explains what a user's code gave: cases, comparison, causes."""
