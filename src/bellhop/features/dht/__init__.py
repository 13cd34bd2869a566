"""Nodes meet by the BitTorrent DHT (package bellhop-dht): `option dht` in `config mesh`."""
