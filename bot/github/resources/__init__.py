"""Read and write what is on GitHub, a module for each kind of thing."""
