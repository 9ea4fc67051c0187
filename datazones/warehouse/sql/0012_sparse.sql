-- A vintage that leaves out most of what is held between its first and its last period of a series, as an answer with only
-- what has changed does: what it gave is sighted, not all that it left out (docs/adr/0008).
ALTER TABLE coverage ADD COLUMN sparse BOOLEAN;
COMMENT ON TABLE coverage IS 'One row per series that a vintage gave: all held in this span was given as held (if sparse: was not given), but for what sighting says.';
