"""Benchmarks (`make bench`): ratios within one run, medians of interleaved rounds, aims beside them."""
