"""Rules: plain functions on plain values."""
