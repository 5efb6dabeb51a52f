"""The process in which the user's code runs, and the talk with it."""
