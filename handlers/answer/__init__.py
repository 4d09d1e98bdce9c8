"""Read, look up and answer: the kit of the tasks that only talk."""
