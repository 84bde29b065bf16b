"""One command that runs web, worker and monitor, keeps them running, and leaves nothing behind.

Imports no Django: it stays small, and lives on when the application cannot even be loaded.
"""
