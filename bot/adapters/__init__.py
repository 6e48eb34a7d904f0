"""One module or folder for each platform."""
