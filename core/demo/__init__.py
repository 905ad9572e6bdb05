"""Simulated clients on loopback and a throw-away database, so that anyone sees a living board at once."""
