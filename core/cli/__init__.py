"""The command line: every use case without a screen. Scripts depend on its words and its JSON."""
