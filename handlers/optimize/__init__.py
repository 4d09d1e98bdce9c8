"""Make a function faster: ``/optimize`` and its label. A benchmark first; a gain is what pairs of runs show."""
