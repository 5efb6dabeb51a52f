"""The terminal app: screens and panels that render from an immutable view."""
