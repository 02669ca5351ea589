"""Rules for Marathon apps, pods and Metronome jobs."""
