-- Of which fields one must have changed, each between spaces (' priority category '; ' * ': any one), for the event to become a job; NULL: any.
ALTER TABLE subscription ADD COLUMN fields TEXT;
