"""Pictures of what the network has learned: the map, the curve, the classes, one sample."""
