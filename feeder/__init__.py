"""Process 1: market data in, ring records out."""
