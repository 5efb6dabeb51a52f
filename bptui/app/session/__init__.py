"""What is kept of a session on disk, so that nothing is lost and `bptui --resume` goes on."""
