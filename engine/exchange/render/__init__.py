"""How the exchange's state looks on the wire: pure functions from core values to the venue's JSON."""
