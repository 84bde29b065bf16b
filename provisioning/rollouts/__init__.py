"""A new version of a template for many sites, in waves: one first, and on only while all is well.

`planning` tells which sites it would be and why others are left out; `acts` begins, stops and goes
on; `advancing` is what takes it from wave to wave, from the monitor.
"""
