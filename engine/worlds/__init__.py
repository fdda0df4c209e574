"""Seeded markets: a reference price and the quotes around it, as typed events that a seed determines."""
