"""Measurements beside the plain starter: `make bench`. Uses every room, and no room uses it."""
