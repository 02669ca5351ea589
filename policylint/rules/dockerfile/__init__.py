"""Rules on Dockerfiles, in modules by concern."""
