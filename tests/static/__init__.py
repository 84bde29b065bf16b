"""What the product's code must not do, checked without running it: ``python -m tests.static``."""
