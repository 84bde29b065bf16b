"""What Prometheus is told when it asks: read when it asks, and only what its token may see."""
