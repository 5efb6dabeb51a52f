"""What the user's function returned, read as named quantities."""
