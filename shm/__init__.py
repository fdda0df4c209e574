"""The contract between the two processes: one ring, one record layout."""
