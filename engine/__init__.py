"""Process 2: decide, check, execute, record, and everything that studies the records."""
