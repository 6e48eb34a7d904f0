"""Benchmarks: `make bench`. What they measure is compared within one run, as ratios; nothing is asserted."""
