"""Benchmarks: what the house costs and how good it is, measured.

``python -m benchmarks.NAME [--json FILE]`` prints a table and writes the same rows
(name, value, unit, target, met). A row without a target is for information; a target
that is missed is printed as missed and stops nothing.
"""
