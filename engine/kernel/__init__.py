"""The one place where events become commands: record -> step -> risk -> firewall -> record."""
