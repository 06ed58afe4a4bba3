"""Benchmarks: measured against peers in one run; results in docs/."""
