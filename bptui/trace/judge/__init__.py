"""What is right and what is wrong in a recorded step: the first wrong lines."""
