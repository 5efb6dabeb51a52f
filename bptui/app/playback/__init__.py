"""Moving through time: the player, its speed, breakpoints and searches."""
