"""Benchmarks: every figure that we claim comes from here."""
