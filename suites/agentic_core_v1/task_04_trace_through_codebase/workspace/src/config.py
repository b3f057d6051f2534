"""Settings of the shop, and what single regions set differently."""

DEFAULTS = {"rebate": "0.50", "tax": "0.19"}

REGIONS = {
    "DE": {},
    "AT": {"tax": "0.20"},
    "CH": {"rebate": "1.00", "tax": "0.08"},
    "DK": {"rebate": "2.00", "tax": "0.25"},
}

SETTINGS = {region: {**DEFAULTS, **own} for region, own in REGIONS.items()}


def setting(name, region="DE"):
    """One setting of a region, as the legacy modules ask for it."""
    return SETTINGS[region][name]
