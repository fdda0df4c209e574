"""The fault campaign: the whole system in a world of seeded faults, and what must hold when they are over."""
