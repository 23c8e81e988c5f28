-- The code that played a session: the player, its version, and a digest of its build and settings.
ALTER TABLE results ADD COLUMN player text, ADD COLUMN player_version text, ADD COLUMN player_digest text;
