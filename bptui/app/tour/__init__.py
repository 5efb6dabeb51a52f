"""The tour: one training step explained operation by operation, then the user's own code."""
