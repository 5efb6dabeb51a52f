"""The record of a check, and how it is printed."""
