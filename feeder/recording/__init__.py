"""Recordings of market data: our own format, its writer and reader, and importers of public formats."""
