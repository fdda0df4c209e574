"""The same faults with real processes, sockets and shared memory: slower, and what virtual time cannot prove."""
