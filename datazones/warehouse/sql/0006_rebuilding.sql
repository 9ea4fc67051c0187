-- A file says itself which layout it has; before this script its tables and columns tell (warehouse/migrating.py).
CREATE TABLE layout (number INTEGER NOT NULL);
COMMENT ON TABLE layout IS 'The number of the last script that made this file what it is; one row.';

-- What the feed declared when a load was made, so that the raw answers can be loaded again just so.
ALTER TABLE load_log ADD COLUMN declared VARCHAR;
