"""The local exchange: Polymarket's protocol on the loopback, for unmodified clients."""
