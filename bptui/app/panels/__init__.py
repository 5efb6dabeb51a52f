"""The panels of the main screen, each drawn from a view alone."""
