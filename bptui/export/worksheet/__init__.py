"""Worksheets: the calculation of a step, to be read or handed out."""
