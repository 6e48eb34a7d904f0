"""Settings, examples and phrases that ship with Dragoman."""
