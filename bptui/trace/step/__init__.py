"""One recorded training step: its graph, its parameters and loss, and the true gradients."""
