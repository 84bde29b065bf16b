"""Is everything all right, and if not, what first? The first page, GET /api/overview, a command."""
