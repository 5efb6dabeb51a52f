"""The graph: every formula, forward, backward and update, once, as nodes."""
