"""The paper venue: fills, fees, lags and its own file."""
