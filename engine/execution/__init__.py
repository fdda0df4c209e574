"""Gateways: where commands go."""
