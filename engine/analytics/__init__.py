"""Studies of records: P&L, win rates and their intervals, settlement."""
