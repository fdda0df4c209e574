"""Facts about Polymarket that client and exchange share."""
