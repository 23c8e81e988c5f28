-- Sessions that a gate left out because their players were late themselves.
ALTER TABLE gate_verdicts ADD COLUMN unreliable int NOT NULL DEFAULT 0;
