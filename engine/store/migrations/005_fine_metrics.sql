-- What other systems measured keeps its microseconds: below the whole milliseconds of duration_ms.
ALTER TABLE incident_metric ADD COLUMN extra_us INTEGER NOT NULL DEFAULT 0 CHECK (extra_us BETWEEN 0 AND 999);
