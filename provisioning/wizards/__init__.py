"""Guides through what takes several steps: kept as rows, gone on with anywhere, without rights."""
