"""Whatever people type and hosts say is hostile here: through every field, page, socket and verb.

Each field gets three of five values of the corpus; with HOSTILE=all in the environment all of them,
with HOSTILE=few one of fifteen.
"""
