"""The loss chart as text."""
