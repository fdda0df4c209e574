"""Experiments on the whole system: what it does when things go wrong."""
