"""The app on somebody's own program: its recording, stepped through in time."""
