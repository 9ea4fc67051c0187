-- A hub: what it is built from, and what is computed of it.
CREATE VIEW contribution AS FROM candidate.contribution;
CREATE VIEW origin AS FROM candidate.origin;
CREATE VIEW national_total AS FROM candidate.national_total;
