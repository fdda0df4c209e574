"""Counterparties for a matching engine: makers and takers that look at a market and say what they want."""
