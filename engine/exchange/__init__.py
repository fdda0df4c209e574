"""The local exchange: matching, ledger, server and streams of a venue on this machine."""
