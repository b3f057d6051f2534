"""The durable record of a campaign."""
