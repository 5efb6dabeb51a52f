"""Programs, checked as they are, line by line."""
