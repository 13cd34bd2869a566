"""What the package bellhop-mqtt brings: calls, people and door bells for home automation (MQTT)."""
