"""Seeded markets: for the exchange, the swarm and generated recordings."""
