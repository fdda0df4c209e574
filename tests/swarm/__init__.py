"""The swarm: each seed draws its own world and its own bad venue, and the rules of bucket.md are
checked at every step.
"""
