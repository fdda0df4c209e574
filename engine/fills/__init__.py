"""Fill models for paper and backtest: pure functions from what is displayed to what would have been filled."""
