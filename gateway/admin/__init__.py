"""The admin API: partners, deliveries, CDRs, counts; for the operator of the hub only."""
