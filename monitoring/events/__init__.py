"""What Docker says happens on each host: told at once, and the last few kept."""
