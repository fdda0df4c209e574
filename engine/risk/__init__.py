"""Pure: should we? Reservations, caps and the kill switch."""
