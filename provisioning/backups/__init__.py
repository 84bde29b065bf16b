"""Backups of sites on a NAS, watched: how old the newest one is, how large, and whether it is."""
