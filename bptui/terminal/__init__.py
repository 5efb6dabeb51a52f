"""The way to the terminal: frames as the difference to what the terminal shows."""
