"""The services that answer requests: each module is one of the venue's tables of calls."""
