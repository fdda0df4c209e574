"""The append-only record of every event, intent, verdict and command; replay reads it back."""
