"""What planned notices say: one writer an occasion, called when the notice leaves."""
