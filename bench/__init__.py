"""Measures what Ronda costs, printed as tables; `make bench` runs them all."""
