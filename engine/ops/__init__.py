"""Around the trading: wallet set-up and what has to be well before a start."""
