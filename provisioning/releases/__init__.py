"""Releases: what a site ran, runs, or was to run, each with a number."""
