"""What rests after a site was removed: its volumes, its files and all that is needed to undo it."""
