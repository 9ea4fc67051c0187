"""How Prefect sees the work: one task per verb. Tasks find their tools in `equip` and pass on keys, never frames."""
