"""The core of Dragoman: what came in, what goes out, when, and by which rules."""
