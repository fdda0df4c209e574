"""Matching and ledger of the local exchange: pure, integer, deterministic; time is an argument."""
