"""Whether the permission matrix would notice: each check turned into "allow", one at a time."""
