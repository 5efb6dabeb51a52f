"""Gradients checked numerically: complex steps, central differences, kinks, verdicts."""
