"""The transport of the local exchange: HTTP/1.1 and WebSocket on one port, TLS, a proxy, faults and limits."""
