-- Before the first snapshot: a published zone in which nothing is.
CREATE SCHEMA published;
CREATE TABLE published.series AS FROM candidate.series LIMIT 0;
CREATE TABLE published.vintage AS FROM candidate.vintage LIMIT 0;
CREATE TABLE published.latest AS FROM candidate.latest LIMIT 0;
