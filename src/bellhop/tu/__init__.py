"""Transaction users: registrar, proxy core and user agent, decisions only."""
