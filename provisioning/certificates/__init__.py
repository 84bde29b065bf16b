"""Certificates of domains, watched: as served, as the proxy keeps them, and where DNS leads."""
