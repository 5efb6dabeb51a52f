"""Numbers beside what is right: verdicts on them, and what was computed instead."""
