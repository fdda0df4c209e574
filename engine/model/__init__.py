"""The vocabulary; imports nothing of ours."""
