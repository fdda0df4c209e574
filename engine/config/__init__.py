"""Every number the strategy is played with: schema (frozen, unknown keys refused), load (all problems together),
secrets.
"""
