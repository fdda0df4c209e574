"""Decision: pure strategies, `step(params, state, event) -> (state, intents)`; no clock, no I/O, no randomness."""
