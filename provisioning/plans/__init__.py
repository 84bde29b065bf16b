"""What would happen, before it does: plans are read from the host and shown; nothing is changed."""
