"""The `bucketmm` command, one module a verb."""
