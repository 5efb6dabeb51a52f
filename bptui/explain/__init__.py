"""Explains the numbers of a step: one expression per quantity, shown in several forms."""
