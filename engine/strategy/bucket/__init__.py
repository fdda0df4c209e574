"""The bucket strategy: one round per window, one leg per round (spec bucket.md)."""
