"""What the ring costs, measured: `bucketmm ring bench` prints it, docs/ring.md quotes it."""
