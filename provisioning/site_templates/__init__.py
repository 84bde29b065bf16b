"""Site templates: what a new site is made from. Some come along, others are made here."""
