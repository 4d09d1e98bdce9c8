"""Pure text for GitHub, without I/O: diffs, places, suggestions, markers, and what is made harmless."""
