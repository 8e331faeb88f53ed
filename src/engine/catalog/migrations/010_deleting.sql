-- What is being deleted is looked for in every turn of the conductor, however many points there are.
CREATE INDEX recovery_points_by_deleting ON recovery_points (vault_arn) WHERE status = 'DELETING';
