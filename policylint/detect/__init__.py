"""One detector and one table for each thing that several rules know."""
