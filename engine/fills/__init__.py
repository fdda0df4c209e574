"""Fill and latency models for paper and backtest."""
