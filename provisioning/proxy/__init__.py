"""The reverse proxy of a host: what it should serve, and what it was last given."""
