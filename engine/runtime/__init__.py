"""The shells: dry, replay, simulated; recovery; supervision."""
