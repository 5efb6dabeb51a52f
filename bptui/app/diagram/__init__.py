"""The drawing of a network: where its units go, the edges between them, their labels."""
