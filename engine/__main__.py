"""`python -m engine`: the same as the `bucketmm` command, for child processes that must run this very interpreter."""

from engine.cli.main import main

main()
