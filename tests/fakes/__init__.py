"""Doubles of what Dragoman talks to, written by hand."""
