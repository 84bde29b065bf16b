"""How dear it is to tell many sockets the same, against plain Channels consumers."""
