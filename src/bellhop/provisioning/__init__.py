"""A phone's configuration file for each brand, made from one description; pure."""
