"""A world without wall clock, sockets and threads: virtual time and connections in memory, the same from each seed."""
