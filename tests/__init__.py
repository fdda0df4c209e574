"""Ours: one of the judged clients installs a package of this name, which would otherwise come first."""
