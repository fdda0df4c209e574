"""Readers of recordings that others made: each turns one public format into ring records, round by round."""
