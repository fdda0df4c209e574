"""C and Cython: the hot path, nothing that is not measured to matter."""
