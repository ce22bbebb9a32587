"""Deterministic simulation of the chain: crash points, faults, invariants, broken variants."""
