"""openlines: a self-hosted hub between customers and the people, bots and CRM that serve them."""
