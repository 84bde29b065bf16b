"""Images, volumes and networks of a host: who uses them, what may go, and what is not known."""
